import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import {
  expectRefused,
  isEvent,
  isSuccess,
  sendSubscribe,
  startServer,
  subscribe,
} from '../support/test-server.js'

/** Subscribes, publishes over HTTP and asks for the channel: the name works everywhere. */
async function works(server: TestServer, client: RawClient, channel: string): Promise<void> {
  await subscribe(client, channel)
  await server.publish(channel, 'n', 'x')
  await client.next(isEvent(channel, 'n'))
  const path = `/channels/${channel}`
  expect((await server.api(path)).json).toEqual({ occupied: true })
}

const publishStatus = async (server: TestServer, channel: string): Promise<number> => {
  const answer = await server.api('/events', { body: { name: 'n', channel, data: 'x' } })
  return answer.status
}

describe('the name of a channel', () => {
  // covers: CHAN-21
  it.each(['foo-bar_1234@=,.;', 'a', '-', '0', '_', ';', '...', 'A=B@c.example,d;e'])(
    'may be %s, over the wire and over HTTP',
    async (channel) => {
      await using server = await startServer()
      await using client = await server.connect()
      await works(server, client, channel)
    },
  )

  // covers: CHAN-22
  it.each([
    'a b',
    ' a',
    'a/b',
    'a:b',
    '*',
    'a"b',
    'é',
    '🚀',
    'a\n',
    'a\u0000',
    '\ud83d',
    '#x',
    '#',
    '#server-to-user-',
    '#server-to-user-7',
    'a#b',
    'a%20b',
    'a+b',
    'a\\b',
    'private-a b',
    'presence-é',
    'cache-#',
  ])('may not be %j: refused over the wire, and 400 over HTTP', async (channel) => {
    await using server = await startServer()
    await using client = await server.connect()
    sendSubscribe(client, channel)
    await expectRefused(client, channel)
    if (!channel.startsWith('#server-to-user-7')) expect(await publishStatus(server, channel)).toBe(400)
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
    await works(server, client, 'news')
  })

  // covers: CHAN-11
  it('is another when its case is another', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'Abc')
    await server.publish(['abc', 'ABC', 'Abc-'], 'wrong', 'x')
    await server.publish('Abc', 'right', 'x')
    await client.next('right')
    await client.expectNothing('wrong')
    expect((await server.api('/channels/abc')).json).toEqual({ occupied: false })
  })

  // covers: CHAN-23, CHAN-24, LIMIT-03, LIMIT-08
  it.each(['', 'private-', 'presence-cache-'])(
    'has up to 164 characters with its prefix "%s", over the wire and over HTTP',
    async (prefix) => {
      await using server = await startServer()
      await using client = await server.connect()
      const longest = prefix.padEnd(164, 'x')
      await works(server, client, longest)
      const longer = `${longest}x`
      sendSubscribe(client, longer)
      const { payload } = await expectRefused(client, longer)
      expect((payload as { message: string }).message).toContain('164')
      expect(await publishStatus(server, longer)).toBe(400)
    },
  )

  it('may be longer where the app says so', async () => {
    await using server = await startServer({ app1: { limits: { channelNameLength: 200 } } })
    await using client = await server.connect()
    await works(server, client, 'x'.repeat(200))
    sendSubscribe(client, 'x'.repeat(201))
    await expectRefused(client, 'x'.repeat(201))
  })

  // covers: CHAN-25
  it('is refused with 10,000 characters, in an answer of bounded size', async () => {
    await using server = await startServer({ app1: { subscriptionErrors: 'both' } })
    await using client = await server.connect()
    for (const channel of ['x'.repeat(10_000), 'é'.repeat(10_000), `private-${'x'.repeat(10_000)}`]) {
      sendSubscribe(client, channel)
      const { text } = await expectRefused(client, channel)
      expect(text.length).toBeLessThan(1_000)
      client.send({ event: 'pusher:unsubscribe', data: { channel } })
      const { text: unknown } = await expectRefused(client, channel)
      expect(unknown.length).toBeLessThan(1_000)
    }
    await works(server, client, 'news')
  })
})

describe('the beginning of a name', () => {
  // covers: CHAN-27
  it.each([
    'my-cache-x',
    'x-cache-y',
    'cache',
    'cachex',
    'Cache-x',
    'private-x-cache-y',
    'encrypted-cache-x',
  ])('makes no cache channel of %s', async (channel) => {
    await using server = await startServer()
    await using client = await server.connect()
    await server.publish(channel, 'n', 'x')
    await subscribe(client, channel)
    await client.expectNothing((frame) => frame.event === 'n' || frame.event === 'pusher:cache_miss')
  })

  it.each([
    'privateer-x',
    'private',
    'presenceful',
    'presence',
    'my-private-x',
    'x-presence-y',
    'encrypted-x',
    'Private-x',
    'cache-private-x',
  ])('makes %s a public channel without client events', async (channel) => {
    await using server = await startServer()
    await using client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel } })
    const { message } = await client.next(isSuccess(channel))
    expect(message.data).toBe('{}')
    client.send({ event: 'client-x', channel, data: 1 })
    await expectRefused(client)
  })

  it('makes presence-encrypted-x an ordinary presence channel', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    const { payload } = await subscribe(client, 'presence-encrypted-x', { userId: '7' })
    expect(payload).toEqual({ presence: { ids: ['7'], hash: { 7: null }, count: 1 } })
    await subscribe(other, 'presence-encrypted-x', { userId: '8' })
    client.send({ event: 'client-x', channel: 'presence-encrypted-x', data: 1 })
    await other.next('client-x')
  })
})
