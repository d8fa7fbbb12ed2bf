import { describe, expect, it } from 'vitest'
import { channelAuth } from '../support/auth.js'
import { nodeSdk } from '../support/clients.js'
import {
  app1,
  expectRefused,
  isSuccess,
  sendSubscribe,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

/** Names that are reserved, or wrong, and nobody's. */
const noUserChannels = [
  '#server-to-user-',
  '#server-to-user-u1 ',
  '#server-to-users-u1',
  '#presence-of-u1',
  '#foo',
  '#',
  'private-#x',
  '##server-to-user-u1',
]

describe('an event for a user', () => {
  // covers: USER-12, USER-14
  it('reaches each connection of that user once, and no other', async () => {
    await using server = await startServer()
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using tab3 = await server.connect()
    await using other = await server.connect()
    for (const client of [tab1, tab2, tab3, other]) {
      const id = client === other ? 'u2' : 'u1'
      await signIn(client, { id })
      await subscribe(client, `#server-to-user-${id}`)
    }
    await server.publish('#server-to-user-u1', 'hello', '{"a":1}')
    for (const tab of [tab1, tab2, tab3]) {
      const { message } = await tab.next('hello')
      expect(message).toEqual({ event: 'hello', channel: '#server-to-user-u1', data: '{"a":1}' })
      await tab.expectNothing('hello')
    }
    await other.expectNothing('hello')
  })

  // covers: USER-15
  it('reaches a connection that signed in without subscribing, or that unsubscribed, once', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id: 'u1' })
    await server.publish('#server-to-user-u1', 'hello', {})
    await a.next('hello')
    await subscribe(a, '#server-to-user-u1')
    a.send({ event: 'pusher:unsubscribe', data: { channel: '#server-to-user-u1' } })
    await a.barrier()
    await server.publish('#server-to-user-u1', 'hello', {})
    await a.next('hello')
    await a.expectNothing('hello')
  })

  // covers: USER-16, USER-21
  it('is accepted when nobody is there, or nobody any more', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    expect(await server.publish('#server-to-user-nobody', 'hello', {})).toEqual({})
    await signIn(a, { id: 'u1' })
    await a.close()
    expect(await server.publish('#server-to-user-u1', 'hello', {})).toEqual({})
    await signIn(b, { id: 'u1' })
    await b.expectNothing('hello')
  })

  // covers: USER-22
  it.each(['a@b.example', 'x;y,z=1', '_-.', '0', '__proto__', 'x'.repeat(128)])(
    'works for the user id %s',
    async (id) => {
      await using server = await startServer()
      await using a = await server.connect()
      await signIn(a, { id })
      await subscribe(a, `#server-to-user-${id}`)
      await nodeSdk(server).sendToUser(id, 'hello', { a: 1 })
      expect((await a.next('hello')).payload).toEqual({ a: 1 })
      await nodeSdk(server).terminateUserConnections(id)
      expect((await a.closed()).code).toBe(4009)
    },
  )

  it('can be excluded for one connection of the user', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await signIn(client, { id: 'u1' })
    await server.publish('#server-to-user-u1', 'hello', {}, { socket_id: a.socketId })
    await b.next('hello')
    await a.expectNothing('hello')
  })
})

describe('the channel of a user', () => {
  // covers: USER-18
  it.each(['#server-to-user-u2', '#server-to-user-U1', ...noUserChannels])(
    'of a connection signed in as u1 is not %s',
    async (channel) => {
      await using server = await startServer()
      await using a = await server.connect()
      await signIn(a, { id: 'u1' })
      sendSubscribe(a, channel)
      await expectRefused(a, channel)
    },
  )

  it.each(noUserChannels)('cannot be published to as %s', async (channel) => {
    await using server = await startServer()
    const { status } = await server.api('/events', { body: { name: 'e', data: '', channel } })
    expect(status).toBe(400)
  })

  it('may be subscribed right behind the sign-in, without waiting for its success', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const signedIn = signIn(a, { id: 'u1' })
    sendSubscribe(a, '#server-to-user-u1')
    await signedIn
    await a.next(isSuccess('#server-to-user-u1'))
    await a.expectNothing('pusher:error')
  })

  // covers: USER-18
  it('is closed to a connection that has not signed in', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    sendSubscribe(a, '#server-to-user-u1')
    await expectRefused(a, '#server-to-user-u1')
    sendSubscribe(a, '#server-to-user-u1', {
      data: { auth: channelAuth(app1, a.socketId, '#server-to-user-u1') },
    })
    await expectRefused(a, '#server-to-user-u1')
    await server.publish('#server-to-user-u1', 'hello', {})
    await a.expectNothing('hello')
  })

  // covers: USER-24, HOOK-31
  it('is in no list and raises no webhook', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startServer({
      app1: {
        subscriptionCount: true,
        webhookDelayMs: 0,
        webhooks: [{ url: receiver.url, maxBatchWaitMs: 0 }],
      },
    })
    await using a = await server.connect()
    await using b = await server.connect()
    await signIn(a, { id: 'u1' })
    await subscribe(a, '#server-to-user-u1')
    await subscribe(b, 'news')
    for (const prefix of ['', '#']) {
      const { json } = await server.api('/channels', { query: { filter_by_prefix: prefix } })
      expect(json).toEqual({ channels: prefix === '' ? { news: {} } : {} })
    }
    await a.close()
    await b.close()
    await receiver.waitForEvent('channel_vacated', 'news')
    expect(receiver.events.items.filter(({ channel }) => channel !== 'news')).toEqual([])
  })
})
