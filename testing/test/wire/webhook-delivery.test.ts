import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { app1, app2, startServer, subscribe } from '../support/test-server.js'
import type { WebhookAnswer } from '../support/webhook-receiver.js'
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js'

type AppOptions = NonNullable<NonNullable<Parameters<typeof startServer>[0]>['app1']>
type Endpoint = NonNullable<AppOptions['webhooks']>[number]

/** A server that tells a receiver of channels as told, and by default each event by itself. */
function startTelling(receiver: WebhookReceiver, endpoint: Partial<Endpoint> = {}): Promise<TestServer> {
  const webhooks = [{ url: receiver.url, maxBatchWaitMs: 0, ...endpoint }]
  return startServer({ app1: { webhookDelayMs: 20, webhooks } })
}

async function occupy(client: RawClient, ...channels: readonly string[]): Promise<void> {
  for (const channel of channels) await subscribe(client, channel, { userId: '1' })
}

/** Each body that came, as the channels it told of. */
const bodies = (receiver: WebhookReceiver): string[][] =>
  receiver.deliveries.items.map(({ events }) => events.map(({ channel }) => channel))

describe('an endpoint', () => {
  // covers: HOOK-17
  it('gets only the events it asked for', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { events: ['member_added', 'channel_vacated'] })
    await using client = await server.connect()
    await occupy(client, 'cache-a', 'presence-x')
    await client.close()
    await receiver.waitForEvent('channel_vacated', 'presence-x')
    expect(receiver.events.items.map(({ name, channel }) => `${name} ${channel}`)).toEqual([
      'member_added presence-x',
      'channel_vacated cache-a',
      'channel_vacated presence-x',
    ])
  })

  // covers: HOOK-17
  it('gets only the channels it asked for, beside others with other wishes', async () => {
    await using some = await WebhookReceiver.start()
    await using all = await WebhookReceiver.start()
    const webhooks = [
      { url: some.url, channelPrefix: 'private-', maxBatchWaitMs: 0 },
      { url: all.url, maxBatchWaitMs: 0 },
    ]
    await using server = await startServer({ app1: { webhooks } })
    await using client = await server.connect()
    await occupy(client, 'news', 'private-a', 'presence-x', 'private-b')
    for (const receiver of [some, all]) await receiver.waitForEvent('channel_occupied', 'private-b')
    expect(bodies(some)).toEqual([['private-a'], ['private-b']])
    expect(bodies(all).flat()).toEqual(['news', 'private-a', 'presence-x', 'presence-x', 'private-b'])
  })

  it('gets the headers it asked for beside those of the protocol', async () => {
    await using receiver = await WebhookReceiver.start()
    const headers = { Authorization: 'Bearer token', 'X-Custom': 'yes' }
    await using server = await startTelling(receiver, { headers })
    await using client = await server.connect()
    await occupy(client, 'news')
    const delivery = await receiver.waitFor(() => true)
    expect(delivery.headers).toMatchObject({
      authorization: 'Bearer token',
      'x-custom': 'yes',
      'content-type': 'application/json',
    })
    expect(isSignedBy(delivery, app1)).toBe(true)
    const forged = startTelling(receiver, { headers: { 'x-pusher-key': 'forged' } })
    await expect(forged).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  // covers: HOOK-19
  it('gets many events in few bodies, all of them and in order', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { maxBatchWaitMs: 50, maxBatchEvents: 20 })
    await using client = await server.connect()
    const channels = Array.from({ length: 100 }, (_, index) => `presence-${index}`)
    await occupy(client, ...channels)
    await receiver.events.nextMany(({ name }) => name === 'member_added', 100, { timeoutMs: 5_000 })
    const told = bodies(receiver)
    expect(told.length).toBeLessThan(100)
    expect(Math.max(...told.map((body) => body.length))).toBe(20)
    expect(told.flat()).toEqual(channels.flatMap((channel) => [channel, channel]))
    const names = receiver.events.items.map(({ name }) => name)
    expect(names).toEqual(channels.flatMap(() => ['channel_occupied', 'member_added']))
  })
})

describe('a delivery', () => {
  // covers: HOOK-20
  it('is repeated with the same bytes after growing pauses, until it is taken', async () => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerNext(500, 500)
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await occupy(client, 'news', 'later')
    await receiver.waitForEvent('channel_occupied', 'later')
    const { items } = receiver.deliveries
    expect(bodies(receiver)).toEqual([['news'], ['news'], ['news'], ['later']])
    const [first, second, third] = items
    for (const { rawBody, headers } of [second!, third!]) {
      expect(rawBody).toEqual(first!.rawBody)
      expect(headers['x-pusher-signature']).toBe(first!.headers['x-pusher-signature'])
    }
    const pauses = [second!.receivedAtMs - first!.receivedAtMs, third!.receivedAtMs - second!.receivedAtMs]
    expect(pauses[0]).toBeGreaterThan(50)
    expect(pauses[1]).toBeGreaterThan(pauses[0]!)
  })

  // covers: HOOK-21
  it.each<WebhookAnswer>([404, 410, 400, { status: 302, headers: { Location: '/elsewhere' } }, 304, 503])(
    'is repeated to the same address after %j',
    async (answer) => {
      await using receiver = await WebhookReceiver.start()
      receiver.answerNext(answer)
      await using server = await startTelling(receiver)
      await using client = await server.connect()
      await occupy(client, 'news')
      for (let times = 0; times < 2; times++) await receiver.waitFor(({ path }) => path === '/hooks')
      await occupy(client, 'later')
      await receiver.waitForEvent('channel_occupied', 'later')
      expect(bodies(receiver)).toEqual([['news'], ['news'], ['later']])
      expect(new Set(receiver.deliveries.items.map(({ path, method }) => `${method} ${path}`))).toEqual(
        new Set(['POST /hooks']),
      )
    },
  )

  // covers: HOOK-22
  it.each([200, 201, 202, 204])('is done after %i', async (status) => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerAlways(status)
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await occupy(client, 'news', 'later')
    await receiver.waitForEvent('channel_occupied', 'later')
    expect(bodies(receiver)).toEqual([['news'], ['later']])
  })

  // covers: HOOK-23
  it('is given up after a time, and later ones still arrive', async () => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerAlways(500)
    await using server = await startTelling(receiver, { retrySeconds: 0.3 })
    await using client = await server.connect()
    await occupy(client, 'news')
    await receiver.waitForEvent('channel_occupied', 'news')
    await receiver.waitForEvent('channel_occupied', 'news')
    await occupy(client, 'later')
    await receiver.waitForEvent('channel_occupied', 'later')
    receiver.answerAlways(200)
    const attempts = bodies(receiver).length
    await occupy(client, 'last')
    await receiver.waitForEvent('channel_occupied', 'last')
    const told = bodies(receiver).flat()
    expect(told.slice(attempts).filter((channel) => channel === 'news')).toEqual([])
    expect(await server.get('/up')).toMatchObject({ status: 200 })
  })

  // covers: HOOK-24
  it('ends after a time without an answer, and holds up nobody else meanwhile', async () => {
    await using slow = await WebhookReceiver.start()
    await using quick = await WebhookReceiver.start()
    slow.answerNext('hang')
    const toSlow = { url: slow.url, maxBatchWaitMs: 0, timeoutMs: 400 }
    const toQuick = { url: quick.url, maxBatchWaitMs: 0 }
    await using server = await startServer({
      app1: { webhooks: [toSlow, toQuick] },
      app2: { webhooks: [{ ...toQuick, url: `${quick.url}/app2` }] },
    })
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await occupy(one, 'news')
    const first = await slow.waitFor(() => true)
    await occupy(two, 'news')
    await occupy(one, 'other')
    await quick.waitFor(({ path, events }) => path === '/hooks' && events[0]?.channel === 'other')
    await quick.waitFor(({ path }) => path === '/hooks/app2')
    expect(slow.deliveries.items).toHaveLength(1)
    const second = await slow.waitFor(({ events }) => events[0]?.channel === 'news')
    expect(second.rawBody).toEqual(first.rawBody)
    expect(second.receivedAtMs - first.receivedAtMs).toBeGreaterThan(350)
    await slow.waitForEvent('channel_occupied', 'other')
  })

  // covers: HOOK-23
  it('waits for an endpoint that is down', async () => {
    const gone = await WebhookReceiver.start()
    const { url } = gone
    await gone[Symbol.asyncDispose]()
    await using quick = await WebhookReceiver.start()
    const webhooks = [url, quick.url].map((each) => ({ url: each, maxBatchWaitMs: 0, retrySeconds: 0.1 }))
    await using server = await startServer({ app1: { webhooks }, shutdownTimeoutSeconds: 1 })
    await using client = await server.connect()
    await occupy(client, 'news')
    await quick.waitForEvent('channel_occupied', 'news')
    await client.barrier()
  })

  it('that waits for a return or for company leaves at once when the server stops', async () => {
    await using receiver = await WebhookReceiver.start()
    const webhooks = [{ url: receiver.url, maxBatchWaitMs: 60_000 }]
    await using server = await startServer({ app1: { webhooks, webhookDelayMs: 60_000 } })
    await using client = await server.connect()
    await occupy(client, 'presence-x')
    await server.close()
    expect(receiver.events.items.map(({ name }) => name)).toEqual([
      'channel_occupied',
      'member_added',
      'member_removed',
      'channel_vacated',
    ])
  })
})
