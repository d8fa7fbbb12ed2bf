import { describe, expect, it } from 'vitest'
import { RawClient } from '../support/raw-client.js'
import { startServer, type TestServer } from '../support/test-server.js'

/** The code with which a connection from this origin ends, or `null` when it is greeted. */
async function arrive(server: TestServer, origin: string | null, key = 'key1'): Promise<number | null> {
  await using client = await RawClient.connect(server.appUrl(key), { headers: { Origin: origin } })
  const first = await client.next(() => true)
  if (first.event === 'pusher:connection_established') return null
  const { code } = await client.closed()
  expect(first).toMatchObject({ event: 'pusher:error', data: { code } })
  return code
}

const allowedOrigins = ['https://example.com', 'http://localhost:5173', 'app.example.net', '*.example.org']

describe('the origin of a connection', () => {
  // covers: CONN-41
  it.each(['https://anywhere.example', 'null', 'no origin at all', '', null])(
    'may be %j as long as the app has no list',
    async (origin) => {
      await using server = await startServer()
      expect(await arrive(server, origin)).toBeNull()
    },
  )

  // covers: CONN-41
  it.each([
    'https://example.com',
    'https://EXAMPLE.com',
    'https://example.com:443',
    'http://localhost:5173',
    'https://app.example.net',
    'http://app.example.net:8080',
    'https://a.example.org',
    'http://a.b.example.org:81',
    null,
  ])('may be %s when the list allows it', async (origin) => {
    await using server = await startServer({ app1: { allowedOrigins } })
    expect(await arrive(server, origin)).toBeNull()
  })

  // covers: CONN-41
  it.each([
    'http://example.com',
    'https://example.com:8443',
    'https://www.example.com',
    'https://example.com.evil.example',
    'https://evilexample.com',
    'http://localhost',
    'http://localhost:51730',
    'https://b.app.example.net',
    'https://example.org',
    'https://evilexample.org',
    'https://a.example.org.evil.example',
    'https://evil.example/a.example.org',
    'https://a.example.org@evil.example',
    'example.com',
    'null',
    '',
    '*',
  ])('is closed with 4009 when it is %s and not on the list', async (origin) => {
    await using server = await startServer({ app1: { allowedOrigins } })
    expect(await arrive(server, origin)).toBe(4009)
  })

  it('is a matter of each app', async () => {
    await using server = await startServer({ app1: { allowedOrigins: [] } })
    expect(await arrive(server, 'https://example.com')).toBe(4009)
    expect(await arrive(server, 'https://example.com', 'key2')).toBeNull()
  })
})
