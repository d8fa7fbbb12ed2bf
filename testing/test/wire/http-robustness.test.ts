import http from 'node:http'
import { describe, expect, it } from 'vitest'
import type { SignedRequest } from '../support/http-client.js'
import { sendRequest } from '../support/http-client.js'
import { PlainSocket } from '../support/plain-socket.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'

const event = { name: 'e', channels: ['news'], data: '{}' }

describe('the body of a request', () => {
  // covers: HTTP-29
  it.each([
    '',
    ' ',
    'null',
    'true',
    '5',
    '"x"',
    '[]',
    '[{"name":"e","channels":["news"],"data":""}]',
    'name=e&channels[]=news&data=x',
    '{"name":"e"',
    '{"name":"e","channels":["news"],"data":"x"} x',
    "{'name':'e'}",
    '[{'.repeat(100_000),
    '{"a":'.repeat(100_000),
    Buffer.from('{"name":"\xff","channels":["news"],"data":"x"}', 'latin1'),
    Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
  ])('is a JSON object: case %#', async (body) => {
    await using server = await startServer()
    for (const path of ['/events', '/batch_events']) {
      const answer = await server.api(path, { method: 'POST', body })
      expect(answer.status).toBe(400)
    }
    await server.publish('news', 'still', '{}')
  })

  // covers: HTTP-31
  it.each<[string, readonly (readonly [string, string])[]]>([
    ['none', []],
    ['a charset', [['Content-Type', 'application/json; charset=utf-8']]],
    ['a form', [['Content-Type', 'application/x-www-form-urlencoded']]],
    ['nonsense', [['Content-Type', ';;;']]],
  ])('is read whatever Content-Type says: %s', async (_, headers) => {
    await using server = await startServer()
    expect(await server.api('/events', { body: event, headers })).toMatchObject({ status: 200 })
  })

  // covers: HTTP-32
  it.each<[string, Partial<SignedRequest>]>([
    ['in chunks', { chunkBytes: 3 }],
    ['after 100 Continue', { expectContinue: true }],
    ['in chunks after 100 Continue', { expectContinue: true, chunkBytes: 10 }],
  ])('may come %s', async (_, options) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/events', { body: { ...event, data: '"é"' }, ...options })
    expect(answer).toMatchObject({ status: 200, continued: options.expectContinue === true })
    expect((await client.next(isEvent('news', 'e'))).data).toBe('"é"')
  })
})

describe('a route', () => {
  // covers: HTTP-46
  it.each([
    ['GET', '', 404],
    ['GET', '/', 404],
    ['GET', '/nothing', 404],
    ['GET', '/channels/news/nothing', 404],
    ['GET', '/channels/news/users/more', 404],
    ['GET', '/events/', 404],
    ['GET', '/events', 405],
    ['DELETE', '/events', 405],
    ['PUT', '/batch_events', 405],
    ['POST', '/channels', 405],
    ['POST', '/channels/news', 405],
    ['POST', '/channels/presence-x/users', 405],
    ['GET', '/users/u1/terminate_connections', 405],
    ['OPTIONS', '/events', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    await using server = await startServer()
    const answer = await server.api(path, { method })
    expect(answer.status).toBe(status)
    const { allow } = answer.headers
    if (status === 405) expect(allow).toBe(path.includes('channels') ? 'GET' : 'POST')
    else expect(allow).toBeUndefined()
  })

  // covers: HTTP-48
  it('does not exist for what has long been deprecated', async () => {
    await using server = await startServer()
    const post = await server.api('/channels/news/events', { query: { name: 'e' }, body: '"data"' })
    expect(post.status).toBe(404)
    expect(await server.api('/channels/news/stats')).toMatchObject({ status: 404 })
  })

  // covers: HTTP-47
  it('answers in JSON with its length, without CORS headers, and keeps the connection', async () => {
    await using server = await startServer()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const headers = [['Origin', 'https://example.com']] as const
    for (const [path, body] of [
      ['/events', event],
      ['/channels', undefined],
      ['/channels/news', undefined],
      ['/channels/presence-x/users', undefined],
      ['/users/u1/terminate_connections', '{}'],
    ] as const) {
      const answer = await server.api(path, { body, agent, headers })
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({ 'content-type': 'application/json' })
      expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
      expect(answer.headers.connection).not.toBe('close')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
    agent.destroy()
  })

  it('answers requests that were sent without waiting in their order', async () => {
    await using server = await startServer()
    using socket = await PlainSocket.connect(server.port)
    const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
    await socket.write(
      request('/up') + request('/apps/app1/channels') + request('/no', 'Connection: close\r\n'),
    )
    const statuses = [...(await socket.everything).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    expect(statuses).toEqual(['200', '401', '404'])
  })

  it.each(['GARBAGE\r\n\r\n', 'GET /up HTTP/9.9\r\n\r\n', '\0\0\0\0\r\n\r\n'])(
    'is never reached by what is no HTTP: %j',
    async (bytes) => {
      await using server = await startServer()
      using socket = await PlainSocket.connect(server.port)
      await socket.write(bytes)
      expect(await socket.firstLine).toMatch(/^HTTP\/1\.1 (?:400|505) /)
    },
  )

  it('answers targets of every odd form with a 4xx', async () => {
    await using server = await startServer()
    for (const target of [
      '*',
      '//',
      '/apps',
      '/apps/',
      '/apps//events',
      'http://x/up?',
      '/%',
      '/apps/%/events',
      '/?',
    ]) {
      const { status } = await sendRequest(server.url, 'GET', target)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })
})
