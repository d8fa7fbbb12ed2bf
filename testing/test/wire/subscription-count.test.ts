import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import type { RawClient } from '../support/raw-client.js'
import { signIn, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

const COUNT = 'pusher_internal:subscription_count'

/** The counts a client was told of a channel, in order. */
function countsAt(client: RawClient, channel: string): number[] {
  return client.inbox.items
    .filter((frame) => frame.event === COUNT && frame.channel === channel)
    .map(({ payload }) => (payload as { subscription_count: number }).subscription_count)
}

/** Waits until a client is told this count. */
function hearsCount(client: RawClient, count: number, timeoutMs = 2_000) {
  const wanted = JSON.stringify({ subscription_count: count })
  return client.next((frame) => frame.event === COUNT && frame.data === wanted, {
    what: `the count ${count}`,
    timeoutMs,
  })
}

const counting = { app1: { subscriptionCount: true } }

describe('the number of subscribers', () => {
  // covers: CNT-01
  it.each(['news', 'cache-x', 'private-x', 'private-cache-x', 'private-encrypted-x'])(
    'is told to the first one of %s after its success',
    async (channel) => {
      await using server = await startServer(counting)
      await using a = await server.connect()
      await subscribe(a, channel)
      const { message } = await a.next(COUNT)
      expect(message).toEqual({ event: COUNT, channel, data: '{"subscription_count":1}' })
      const events = a.inbox.items.filter((frame) => frame.channel === channel).map(({ event }) => event)
      expect(events[0]).toBe('pusher_internal:subscription_succeeded')
    },
  )

  // covers: CNT-02
  it('is told to all with every subscribe and unsubscribe, and with a connection that breaks', async () => {
    await using server = await startServer(counting)
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'news')
    await hearsCount(a, 1)
    await subscribe(b, 'news')
    for (const client of [a, b]) await hearsCount(client, 2)
    b.send({ event: 'pusher:unsubscribe', data: { channel: 'news' } })
    await hearsCount(a, 1)
    await b.expectNothing(COUNT)
    await subscribe(b, 'news')
    await hearsCount(a, 2)
    b.destroy()
    await hearsCount(a, 1)
    expect(countsAt(a, 'news')).toEqual([1, 2, 1, 2, 1])
  })

  // covers: CNT-04
  it.each(['presence-x', 'presence-cache-x', '#server-to-user-u1'])('is not told of %s', async (channel) => {
    await using server = await startServer(counting)
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) {
      await signIn(client, { id: 'u1' })
      await subscribe(client, channel)
    }
    await subscribe(b, 'news')
    await b.next((frame) => frame.event === COUNT && frame.channel === 'news')
    for (const client of [a, b]) await client.expectNothing(COUNT)
  })

  // covers: CNT-05
  it('is told to nobody by default', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const channel of ['news', 'cache-x', 'private-x', 'presence-x']) {
      for (const client of [a, b]) await subscribe(client, channel)
      b.send({ event: 'pusher:unsubscribe', data: { channel } })
    }
    await b.barrier()
    for (const client of [a, b]) await client.expectNothing(COUNT)
  })

  // covers: CNT-07
  it('is that of connections, not of users', async () => {
    await using server = await startServer(counting)
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    for (const client of [tab1, tab2]) {
      await signIn(client, { id: 'u1' })
      await subscribe(client, 'private-x')
    }
    for (const client of [tab1, tab2]) await hearsCount(client, 2)
    const { json } = await server.api('/channels/private-x', { query: { info: 'subscription_count' } })
    expect(json).toEqual({ occupied: true, subscription_count: 2 })
  })

  // covers: CNT-06
  it('is told in intervals above 100, and the last one always', async () => {
    const intervalMs = 300
    await using server = await startServer({
      app1: { subscriptionCount: true, subscriptionCountIntervalMs: intervalMs },
    })
    await using witness = await server.connect()
    await subscribe(witness, 'news')
    await using crowd = await connectCrowd(server, 149)
    const startedAt = performance.now()
    for (const client of crowd) await subscribe(client, 'news')
    await hearsCount(witness, 150)
    const elapsedMs = performance.now() - startedAt
    const counts = countsAt(witness, 'news')
    expect(counts.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    const throttled = counts.slice(100)
    expect(throttled.length).toBeLessThanOrEqual(Math.floor(elapsedMs / intervalMs) + 1)
    expect(throttled.at(-1)).toBe(150)

    for (const client of crowd.clients.slice(0, 60)) client.destroy()
    await until(
      () => countsAt(witness, 'news').at(-1),
      (count) => count === 90,
    )
  })
})
