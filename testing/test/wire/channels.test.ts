import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { startServer, isEvent, isSuccess, sendSubscribe, subscribe } from '../support/test-server.js'
import type { RawClient } from '../support/raw-client.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

const unsubscribe = (client: RawClient, channel: string): void => {
  client.send({ event: 'pusher:unsubscribe', data: { channel } })
}

describe('a subscription to a public channel', () => {
  // covers: CHAN-01
  it('is confirmed with exactly the frame of the documentation', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const { message } = await subscribe(client, 'my-channel')
    expect(message).toEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel: 'my-channel',
      data: '{}',
    })
    await client.expectNothing(() => true)
  })

  // covers: CHAN-03, CHAN-04
  it.each([
    {},
    { auth: '' },
    { auth: null },
    { auth: 'junk' },
    { auth: 'key1:00' },
    { auth: { a: 1 } },
    { auth: 5 },
    { channel_data: '{"user_id":"1","user_info":{}}' },
    { channel_data: 'junk', auth: 'junk:junk' },
    { channel_data: '' },
    { channel_data: null },
  ])('needs no auth and ignores %j', async (data) => {
    await using server = await startServer()
    await using client = await server.connect()
    const { message } = await subscribe(client, 'news', { data })
    expect(message.data).toBe('{}')
    await server.publish('news', 'n', 'x')
    expect((await client.next('n')).message).toEqual({ event: 'n', channel: 'news', data: 'x' })
  })

  // covers: CHAN-10, CHAN-33
  it('counts from its confirmation on: the channel is occupied and every event arrives', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (let i = 0; i < 100; i++) {
      const channel = `news-${i}`
      await subscribe(client, channel)
      const [, answer] = await Promise.all([
        server.publish(channel, 'n', String(i)),
        server.api(`/channels/${channel}`),
      ])
      expect(answer.json).toEqual({ occupied: true })
      await client.next(isEvent(channel, 'n'))
    }
  })

  it('is confirmed before any of its events, however busy the channel is', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (let i = 0; i < 50; i++) {
      const channel = `busy-${i}`
      const published = Array.from({ length: 5 }, () => server.publish(channel, 'n', 'x'))
      sendSubscribe(client, channel)
      await Promise.all(published)
      await client.next(isSuccess(channel))
      const [first] = client.inbox.items.filter((frame) => frame.channel === channel)
      expect(first).toSatisfy(isSuccess(channel))
    }
  })

  // covers: CHAN-14, CHAN-15
  it('is refused the second time, and one unsubscribe ends it', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using client = await server.connect()
    await subscribe(client, 'news')
    sendSubscribe(client, 'news')
    const error = await client.next('pusher:error')
    expect(error.payload).toEqual({ message: 'Existing subscription to channel news' })
    const answer = await server.api('/channels/news', { query: { info: 'subscription_count' } })
    expect(answer.json).toEqual({ occupied: true, subscription_count: 1 })
    await server.publish('news', 'once', 'x')
    await client.next('once')
    await client.expectNothing('once')
    unsubscribe(client, 'news')
    await client.barrier()
    await server.publish('news', 'late', 'x')
    await client.expectNothing('late')
    expect((await server.api('/channels/news')).json).toEqual({ occupied: false })
  })

  // covers: CHAN-12, CHAN-30
  it('ends without an answer, and the other subscribers keep theirs', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    const [a, b] = [crowd.at(0), crowd.at(1)]
    for (const client of crowd) await subscribe(client, 'news')
    unsubscribe(a, 'news')
    await a.expectNothing(() => true)
    await server.publish('news', 'n', 'x')
    await b.next('n')
    await a.expectNothing(() => true)
    expect((await server.api('/channels/news')).json).toEqual({ occupied: true })
  })

  // covers: CHAN-17
  it('cannot be ended where there is none: that is refused and tells no webhook', async () => {
    await using receiver = await WebhookReceiver.start()
    const webhooks = [{ url: receiver.url, maxBatchWaitMs: 0 }]
    await using server = await startServer({ app1: { webhooks, webhookDelayMs: 0 } })
    await using client = await server.connect()
    await using other = await server.connect()
    await subscribe(other, 'news')
    unsubscribe(client, 'news')
    unsubscribe(client, 'never')
    const text = 'No current subscription to channel news, or subscription in progress'
    expect((await client.next('pusher:error')).payload).toEqual({ message: text })
    await client.next('pusher:error')
    expect((await server.api('/channels')).json).toEqual({ channels: { news: {} } })
    await server.publish('news', 'n', 'x')
    await other.next('n')
    await subscribe(client, 'last')
    unsubscribe(client, 'last')
    await receiver.waitForEvent('channel_vacated', 'last')
    const told = receiver.events.items.map(({ name, channel }) => `${name} ${channel}`)
    expect(told).toEqual(['channel_occupied news', 'channel_occupied last', 'channel_vacated last'])
  })

  // covers: CHAN-18
  it('can be made again after it was ended, even twice, and then brings each event once', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    unsubscribe(client, 'news')
    unsubscribe(client, 'news')
    await client.next('pusher:error')
    await subscribe(client, 'news')
    await server.publish('news', 'n', 'x')
    await client.next('n')
    await client.expectNothing(() => true)
  })

  // covers: WIRE-19
  it('is gone when its unsubscribe came in the same packet, and there when it was asked for again', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of ['news', 'private-news', 'cache-news']) {
      sendSubscribe(client, channel)
      unsubscribe(client, channel)
      await client.next(isSuccess(channel))
      await client.barrier()
      expect((await server.api(`/channels/${channel}`)).json).toEqual({ occupied: false })
      await server.publish(channel, 'n', 'x')
      await client.expectNothing('n')
      sendSubscribe(client, channel)
      unsubscribe(client, channel)
      sendSubscribe(client, channel)
      await client.inbox.nextMany(isSuccess(channel), 2)
      expect((await server.api(`/channels/${channel}`)).json).toEqual({ occupied: true })
      await server.publish(channel, 'again', 'x')
      await client.next(isEvent(channel, 'again'))
    }
    await client.expectNothing('pusher:error')
  })
})

describe('a connection', () => {
  // covers: CHAN-29
  it('may have 1,000 channels, which all deliver', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const channels = Array.from({ length: 1_000 }, (_, index) => `news-${index}`)
    for (const channel of channels) sendSubscribe(client, channel)
    const isAnySuccess = (frame: { event: string }): boolean => frame.event.endsWith('subscription_succeeded')
    await client.inbox.nextMany(isAnySuccess, 1_000, { timeoutMs: 5_000 })
    for (let i = 0; i < 1_000; i += 100) await server.publish(channels.slice(i, i + 100), 'n', 'x')
    const events = await client.inbox.nextMany((frame) => frame.event === 'n', 1_000, { timeoutMs: 5_000 })
    expect(new Set(events.map((frame) => frame.channel)).size).toBe(1_000)
    await client.close()
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
  })

  it('is refused one channel more than the app allows, and gets a place back when it leaves one', async () => {
    await using server = await startServer({ app1: { limits: { channelsPerConnection: 3 } } })
    await using client = await server.connect()
    for (const channel of ['a', 'b', 'c', 'd', 'e']) sendSubscribe(client, channel)
    for (const channel of ['a', 'b', 'c']) await client.next(isSuccess(channel))
    for (const channel of ['d', 'e']) {
      const { payload } = await client.next('pusher:error')
      expect((payload as { message: string }).message).toMatch(new RegExp(`${channel}.*\\b3\\b`))
    }
    unsubscribe(client, 'b')
    await subscribe(client, 'd')
    await client.expectNothing((frame) => frame.channel === 'e')
  })
})
