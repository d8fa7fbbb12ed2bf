import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import type { Closing, RawClientOptions } from '../support/raw-client.js'
import { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

/** The code with which a new connection ends, or `null` when it is greeted. */
async function knock(
  server: TestServer,
  options: RawClientOptions = {},
  key = 'key1',
): Promise<number | null> {
  await using client = await RawClient.connect(server.appUrl(key), options)
  const first = await client.next(() => true)
  if (first.event === 'pusher:connection_established') return null
  const { code }: Closing = await client.closed()
  expect(first).toMatchObject({ event: 'pusher:error', data: { code } })
  return code
}

const isGreeted = (code: number | null): boolean => code === null

describe('the limit of connections of an app', () => {
  // covers: CONN-08, CONN-09, LIMIT-07
  it('closes the connection beyond it with 4004, keeps the others, and frees a place at once', async () => {
    await using server = await startServer({ app1: { limits: { connections: 3 } } })
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'news')
    expect(await knock(server)).toBe(4004)
    expect(await knock(server)).toBe(4004)
    await server.publish('news', 'saved', 'x')
    for (const client of crowd) await client.next(isEvent('news', 'saved'))
    await crowd.at(0).close()
    await using next = await server.connect()
    await subscribe(next, 'news')
    expect(await knock(server)).toBe(4004)
  })

  it('is not used up by connections that were refused or lost', async () => {
    await using server = await startServer({ app1: { limits: { connections: 2 } } })
    await using stays = await server.connect()
    for (let round = 0; round < 5; round++) {
      expect(await knock(server, {}, 'nobody')).toBe(4001)
      const lost = await server.connect()
      expect(await knock(server)).toBe(4004)
      lost.destroy()
      await lost.closed()
      await until(() => knock(server), isGreeted)
    }
    await stays.barrier()
  })

  it('holds when more connections than it allows come in the same instant', async () => {
    await using server = await startServer({ app1: { limits: { connections: 5 } } })
    const attempts = Array.from({ length: 30 }, () => RawClient.connect(server.appUrl()))
    const clients = await Promise.all(attempts)
    const firsts = await Promise.all(clients.map((client) => client.next(() => true)))
    expect(firsts.filter(({ event }) => event === 'pusher:connection_established')).toHaveLength(5)
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
  })

  it('does not count connections of another app', async () => {
    await using server = await startServer({ app1: { limits: { connections: 1 } } })
    await using others = await connectCrowd(server, 5, 'key2')
    await using client = await server.connect()
    await subscribe(client, 'news')
    expect(others.clients).toHaveLength(5)
  })
})

describe('the limit of connections of a node', () => {
  it('closes the connection beyond it with 4100, whatever its app, and frees a place at once', async () => {
    await using server = await startServer({ maxConnections: 3 })
    await using first = await server.connect('key1')
    await using second = await server.connect('key2')
    await using third = await server.connect('key1')
    expect(await knock(server)).toBe(4100)
    expect(await knock(server, {}, 'key2')).toBe(4100)
    await Promise.all([first.barrier(), second.barrier()])
    await third.close()
    await using next = await server.connect('key2')
    await next.barrier()
  })

  it('holds when more connections than it allows come in the same instant', async () => {
    await using server = await startServer({ maxConnections: 5 })
    const clients = await Promise.all(
      Array.from({ length: 30 }, (_, index) => RawClient.connect(server.appUrl(`key${1 + (index % 2)}`))),
    )
    const firsts = await Promise.all(clients.map((client) => client.next(() => true)))
    expect(firsts.filter(({ event }) => event === 'pusher:connection_established')).toHaveLength(5)
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
  })
})

describe('the throttle of handshakes', () => {
  it('closes with 4100 what comes from one address beyond the burst, and serves it again later', async () => {
    await using server = await startServer({ handshakesPerSecond: 1, handshakeBurst: 3 })
    expect([await knock(server), await knock(server), await knock(server)]).toEqual([null, null, null])
    expect(await knock(server)).toBe(4100)
    await until(() => knock(server), isGreeted, 5_000)
  })

  it('counts each address by itself', async () => {
    await using server = await startServer({ handshakesPerSecond: 0, handshakeBurst: 1 })
    expect(await knock(server)).toBeNull()
    expect(await knock(server)).toBe(4100)
    expect(await knock(server, { localAddress: '127.0.0.2' })).toBeNull()
    expect(await knock(server, { localAddress: '127.0.0.2' })).toBe(4100)
  })

  it('leaves connections alone that are open', async () => {
    await using server = await startServer({ handshakesPerSecond: 0, handshakeBurst: 1 })
    await using client = await server.connect()
    for (let i = 0; i < 5; i++) expect(await knock(server)).toBe(4100)
    await subscribe(client, 'news')
  })

  it('counts the address that a trusted proxy names, the last one that is no proxy itself', async () => {
    await using server = await startServer({
      handshakesPerSecond: 0,
      handshakeBurst: 1,
      trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
    })
    const from = (forwardedFor: string) => knock(server, { headers: { 'X-Forwarded-For': forwardedFor } })
    expect(await from('192.0.2.1')).toBeNull()
    expect(await from('192.0.2.1')).toBe(4100)
    expect(await from('192.0.2.2')).toBeNull()
    // What stands before the address that our own proxy saw comes from the client, which may lie.
    expect(await from('192.0.2.3, 192.0.2.1')).toBe(4100)
    expect(await from('192.0.2.2, 10.1.2.3')).toBe(4100)
    expect(await from('2001:db8::1')).toBeNull()
    expect(await from('2001:db8::1')).toBe(4100)
    expect(await knock(server)).toBeNull() // the proxy itself
    expect(await from('no address, ,')).toBe(4100) // and again
  })

  it('believes nobody else', async () => {
    await using server = await startServer({
      handshakesPerSecond: 0,
      handshakeBurst: 1,
      trustedProxies: ['127.0.0.2'],
    })
    expect(await knock(server, { headers: { 'X-Forwarded-For': '192.0.2.1' } })).toBeNull()
    expect(await knock(server, { headers: { 'X-Forwarded-For': '192.0.2.2' } })).toBe(4100)
  })
})
