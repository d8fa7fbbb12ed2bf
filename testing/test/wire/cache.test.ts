import { describe, expect, it } from 'vitest'
import { channelAuth } from '../support/auth.js'
import type { RawClient } from '../support/raw-client.js'
import { app2, expectRefused, sendSubscribe, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

/** Event names a client got on a channel after its success, in order. */
function eventsAt(client: RawClient, channel: string): string[] {
  return client.inbox.items
    .filter((frame) => frame.channel === channel)
    .map(({ event }) => event)
    .slice(1)
}

const kinds = ['cache-x', 'private-cache-x', 'private-encrypted-cache-x', 'presence-cache-x']

describe('a cache channel', () => {
  // covers: CACHE-01
  it.each(kinds)('tells who subscribes to %s that nothing is kept', async (channel) => {
    await using server = await startServer()
    await using a = await server.connect()
    await subscribe(a, channel)
    const { message } = await a.next('pusher:cache_miss')
    expect(message).toMatchObject({ event: 'pusher:cache_miss', channel })
    await a.expectNothing('pusher:cache_miss')
    expect(eventsAt(a, channel)).toEqual(['pusher:cache_miss'])
  })

  // covers: CACHE-03, CACHE-04
  it.each(kinds)('replays the last event of %s right behind the success, and only that', async (channel) => {
    await using server = await startServer()
    await server.publish(channel, 'e1', { n: 1 })
    await server.publish(channel, 'e2', '{"n":2.0}')
    await using a = await server.connect()
    await subscribe(a, channel)
    const { message } = await a.next('e2')
    expect(message).toEqual({ event: 'e2', channel, data: '{"n":2.0}' })
    await server.publish(channel, 'e3', {})
    await a.next('e3')
    expect(eventsAt(a, channel)).toEqual(['e2', 'e3'])
  })

  // covers: CACHE-05
  it('keeps its event while nobody is there', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'cache-x')
    await server.publish('cache-x', 'e1', { n: 1 })
    await a.next('e1')
    await a.close()
    await until(
      () => server.api('/channels/cache-x'),
      ({ text }) => text === '{"occupied":false}',
    )
    await subscribe(b, 'cache-x')
    expect((await b.next('e1')).payload).toEqual({ n: 1 })
    await b.expectNothing('pusher:cache_miss')
  })

  // covers: CACHE-07
  it('forgets its event when its time is over', async () => {
    await using server = await startServer({ app1: { cacheTtlSeconds: 0.8 } })
    await using a = await server.connect()
    await using b = await server.connect()
    await server.publish('cache-x', 'e1', {})
    await subscribe(a, 'cache-x')
    await a.next('e1')
    await until(
      () => server.api('/channels/cache-x', { query: { info: 'cache' } }),
      ({ json }) => (json as { cache: unknown }).cache === null,
    )
    await subscribe(b, 'cache-x')
    await b.next('pusher:cache_miss')
    await b.expectNothing('e1')
  })

  // covers: CACHE-08
  it('does not keep client events, members or counts', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using a = await server.connect()
    await using b = await server.connect()
    await using late = await server.connect()
    for (const channel of ['private-cache-x', 'presence-cache-x']) {
      await subscribe(a, channel, { userId: 'a' })
      await subscribe(b, channel, { userId: 'b' })
      a.send({ event: 'client-x', channel, data: {} })
      await b.next('client-x')
      await subscribe(late, channel, { userId: 'late' })
      await late.barrier()
      expect(eventsAt(late, channel)[0]).toBe('pusher:cache_miss')
      expect(eventsAt(late, channel)).not.toContain('client-x')
    }
  })

  // covers: CACHE-08
  it('replays the published event, not the client event that came after it', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'private-cache-x')
    await server.publish('private-cache-x', 'saved', {})
    a.send({ event: 'client-x', channel: 'private-cache-x', data: {} })
    await a.barrier()
    await subscribe(b, 'private-cache-x')
    await b.barrier()
    expect(eventsAt(b, 'private-cache-x')).toEqual(['saved'])
  })

  // covers: CACHE-10
  it.each(kinds.slice(1))('shows nothing of %s to those who may not subscribe', async (channel) => {
    await using server = await startServer()
    await using a = await server.connect()
    await server.publish(channel, 'secret', { n: 1 })
    const wrong = [undefined, '', 'key1:', channelAuth(app2, a.socketId, channel), `key1:${'0'.repeat(64)}`]
    for (const auth of wrong) {
      sendSubscribe(a, channel, { data: { auth } })
      await expectRefused(a, channel)
    }
    expect(eventsAt(a, channel)).toEqual([])
    await subscribe(a, channel)
    await a.next('secret')
  })

  // covers: CACHE-13
  it('keeps the last of several events in a batch', async () => {
    await using server = await startServer()
    const batch = [1, 2, 3].map((n) => ({ channel: 'cache-x', name: `e${n}`, data: String(n) }))
    const other = { channel: 'cache-y', name: 'other', data: 'y' }
    const body = { batch: [batch[0], other, batch[1], batch[2]] }
    expect((await server.api('/batch_events', { body })).status).toBe(200)
    await using a = await server.connect()
    await subscribe(a, 'cache-x')
    expect((await a.next('e3')).data).toBe('3')
    await subscribe(a, 'cache-y')
    await a.next('other')
    expect(eventsAt(a, 'cache-x')).toEqual(['e3'])
  })

  // covers: CACHE-14, CACHE-17
  it('tells the HTTP API what it keeps and for how long, occupied or not', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const ask = async () => (await server.api('/channels/cache-x', { query: { info: 'cache' } })).json
    expect(await ask()).toEqual({ occupied: false, cache: null })
    await server.publish('cache-x', 'e1', '{"n":1.0}')
    const kept = { data: '{"n":1.0}', ttl: expect.any(Number) as number }
    const unoccupied = (await ask()) as { cache: { ttl: number } }
    expect(unoccupied).toEqual({ occupied: false, cache: kept })
    expect(unoccupied.cache.ttl).toBeGreaterThan(0)
    expect(unoccupied.cache.ttl).toBeLessThanOrEqual(1800)
    await subscribe(a, 'cache-x')
    expect(await ask()).toEqual({ occupied: true, cache: kept })
  })

  // covers: CACHE-15
  it.each(['news', 'private-x', 'presence-x', 'my-cache-x'])(
    'is not %s, of which the HTTP API is asked in vain',
    async (channel) => {
      await using server = await startServer()
      expect((await server.api(`/channels/${channel}`, { query: { info: 'cache' } })).status).toBe(400)
    },
  )

  // covers: CACHE-16
  it('delivers a new event once to each subscriber, late ones too', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'cache-x')
    await server.publish('cache-x', 'e1', {})
    await subscribe(b, 'cache-x')
    await server.publish('cache-x', 'e2', {})
    for (const client of [a, b]) await client.barrier()
    expect(eventsAt(a, 'cache-x')).toEqual(['pusher:cache_miss', 'e1', 'e2'])
    expect(eventsAt(b, 'cache-x')).toEqual(['e1', 'e2'])
  })

  it('replays each event once, however a subscription and a publish meet', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    for (let n = 0; n < 50; n++) {
      const channel = `cache-${n}`
      const published = server.publish(channel, 'e1', {})
      if (n % 2 === 0) await new Promise(setImmediate)
      await subscribe(a, channel)
      await published
      await a.next((frame) => frame.channel === channel && frame.event === 'e1')
    }
    await a.expectNothing('e1')
  })

  // covers: SEC-07
  it('replays to a connection that was excluded when the event was published', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'cache-x')
    await server.publish('cache-x', 'e1', {}, { socket_id: a.socketId })
    await b.next('e1')
    await a.expectNothing('e1')
    a.send({ event: 'pusher:unsubscribe', data: { channel: 'cache-x' } })
    await subscribe(a, 'cache-x')
    expect((await a.next('e1')).text).not.toContain(a.socketId)
    expect(b.inbox.items.map(({ text }) => text).join()).not.toContain(a.socketId)
  })
})
