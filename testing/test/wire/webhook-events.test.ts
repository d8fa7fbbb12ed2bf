import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { app1, expectRefused, isEvent, sendSubscribe, signIn, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js'
import { leave, startTelling, toldOf } from '../support/webhook-server.js'

describe('webhooks', () => {
  // covers: HOOK-12, HOOK-13, HOOK-29
  it.each([
    ['private-x', {}],
    ['presence-x', { user_id: '10' }],
  ])('tell of client events on %s', async (channel, sender) => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await subscribe(client, channel, { userId: 10 })
    const details = { channel, socket_id: client.socketId, ...sender }
    const expected = (event: string, data: string): unknown => ({
      name: 'client_event',
      event,
      data,
      ...details,
    })
    client.send({ event: 'client-é', channel, data: '{"text":"Zoë 🚀"}' })
    client.send({ event: 'client-object', channel, data: { text: 'Zoë' } })
    client.sendText(`{"event":"client-half","channel":"${channel}","data":"\\ud83d"}`)
    for (const [event, data] of [
      ['client-é', '{"text":"Zoë 🚀"}'],
      ['client-object', '{"text":"Zoë"}'],
      ['client-half', '\ud83d'],
    ] as const) {
      expect(await receiver.waitForEvent('client_event')).toEqual(expected(event, data))
    }
    for (const delivery of receiver.deliveries.items) {
      expect(isSignedBy(delivery, app1)).toBe(true)
      new TextDecoder('utf-8', { fatal: true }).decode(delivery.rawBody)
    }
  })

  // covers: HOOK-14
  it('tell of no client event that was refused', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { limits: { clientEventsPerSecond: 2 } })
    await using client = await server.connect()
    for (const channel of ['private-x', 'public']) await subscribe(client, channel)
    client.send({ event: 'client-e', channel: 'public', data: '' })
    client.send({ event: 'client-e', channel: 'private-other', data: '' })
    client.send({ event: 'client-e', channel: 'private-x' })
    client.send({ event: 'other-e', channel: 'private-x', data: '' })
    client.send({ event: 'client-e', channel: 'private-x', data: 'x'.repeat(10_241) })
    for (let times = 0; times < 5; times++) await expectRefused(client)
    for (let times = 0; times < 10; times++)
      client.send({ event: 'client-e', channel: 'private-x', data: '' })
    await client.next((frame) => (frame.data as { code?: number } | undefined)?.code === 4301)
    await client.barrier()
    await toldOf(server, receiver, 'private-x')
    const told = receiver.events.items.filter(({ name }) => name === 'client_event')
    const refused = client.inbox.items.filter(
      ({ event, text }) => event === 'pusher:error' && text.includes('4301'),
    )
    expect(told).toHaveLength(10 - refused.length)
    expect(new Set(told.map(({ channel }) => channel))).toEqual(new Set(['private-x']))
  })

  // covers: HOOK-15
  it('tell once that a cache channel is empty, until it was filled or left', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { webhookDelayMs: 0, cacheTtlSeconds: 0.05 })
    await using crowd = await connectCrowd(server, 12)
    const [first, late, ...others] = crowd.clients
    const misses = async (): Promise<number> =>
      (await toldOf(server, receiver, 'cache-x')).filter(({ name }) => name === 'cache_miss').length
    for (const client of others) sendSubscribe(client, 'cache-x')
    for (const client of others) await client.next('pusher:cache_miss')
    expect(await misses()).toBe(1)
    for (const client of others) leave(client, 'cache-x')
    await receiver.waitForEvent('channel_vacated', 'cache-x')
    await subscribe(first!, 'cache-x')
    expect(await misses()).toBe(2)
    await server.publish('cache-x', 'e', '{}')
    const cached = async (): Promise<unknown> =>
      (await server.api('/channels/cache-x', { query: { info: 'cache' } })).json
    await until(cached, (answer) => (answer as { cache: unknown }).cache === null)
    await subscribe(late!, 'cache-x')
    expect(await misses()).toBe(3)
  })

  // covers: HOOK-15
  it('say nothing of a cache channel that was filled before anybody came', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await server.publish('cache-y', 'e', '{}')
    await subscribe(client, 'cache-y')
    await client.next(isEvent('cache-y', 'e'))
    expect(await toldOf(server, receiver, 'cache-y')).toEqual([
      { name: 'channel_occupied', channel: 'cache-y' },
    ])
  })

  // covers: HOOK-16
  it('tell how many subscribers there are where the app counts them', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { subscriptionCount: true })
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'news')
    await subscribe(b, 'news')
    await subscribe(b, 'presence-x', { userId: '1' })
    await b.close()
    const counts = (await toldOf(server, receiver, 'news')).filter(
      ({ name }) => name === 'subscription_count',
    )
    expect(counts).toEqual(
      [1, 2, 1].map((count) => ({ name: 'subscription_count', channel: 'news', subscription_count: count })),
    )
    const presence = receiver.events.items.filter(({ channel }) => channel === 'presence-x')
    expect(presence.filter(({ name }) => name === 'subscription_count')).toEqual([])
  })

  // covers: HOOK-31
  it('say nothing of the channels of users', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { subscriptionCount: true })
    await using client = await server.connect()
    await signIn(client, { id: 'u1' })
    await subscribe(client, '#server-to-user-u1')
    await server.publish('#server-to-user-u1', 'e', '{}')
    await client.next(isEvent('#server-to-user-u1', 'e'))
    leave(client, '#server-to-user-u1')
    await client.close()
    expect(await toldOf(server, receiver, '#server-to-user-u1')).toEqual([])
    expect(new Set(receiver.events.items.map(({ channel }) => channel))).toEqual(new Set(['last']))
  })
})
