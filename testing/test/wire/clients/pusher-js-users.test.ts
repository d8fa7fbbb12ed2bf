import { describe, expect, it } from 'vitest'
import { AuthEndpoint } from '../../support/auth-endpoint.js'
import type { PusherJsClient } from '../../support/clients.js'
import { connectPusherJs, nodeSdk, pusherJs, record } from '../../support/clients.js'
import { RecordingProxy } from '../../support/recording-proxy.js'
import { app1, isEvent, signIn, startServer } from '../../support/test-server.js'

/** Waits until messages to the user of this client reach it; once per connection. */
async function listensToItsUser(client: PusherJsClient): Promise<void> {
  await client.messages.next(
    ({ event, channel }) =>
      event === 'pusher_internal:subscription_succeeded' && channel?.startsWith('#server-to-user-') === true,
    { what: 'the subscription to its own user', timeoutMs: 5_000 },
  )
}

/** Signs in and waits until messages to the user reach this client. */
async function signInAndListen(client: PusherJsClient): Promise<void> {
  client.pusher.signin()
  await listensToItsUser(client)
}

describe('users in pusher-js', () => {
  // covers: USER-03, USER-11
  it('signs in and subscribes to the messages of its user by itself', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy, { userId: 'u1', userInfo: { name: 'Ann' } })
    await signInAndListen(client)
    await client.pusher.user.signinDonePromise
    expect(client.pusher.user.user_data).toMatchObject({ id: 'u1', user_info: { name: 'Ann' } })
    const { message } = await proxy.nextFromClient('pusher:subscribe', '#server-to-user-u1')
    expect(message.data).toEqual({ auth: '', channel: '#server-to-user-u1' })
    expect(client.errors.items).toEqual([])
  })

  // covers: USER-12
  it('hands a message to its user to the handler once', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: 'u1' })
    await using raw = await server.connect()
    await signIn(raw, { id: 'u1' })
    raw.send({ event: 'pusher:subscribe', data: { auth: '', channel: '#server-to-user-u1' } })
    await raw.next('pusher_internal:subscription_succeeded')
    await signInAndListen(client)
    const calls = record(client.pusher.user, 'e')
    await nodeSdk(server).sendToUser('u1', 'e', { a: 1 })
    await client.barrier()
    expect(calls.items.map(({ data }) => data)).toEqual([{ a: 1 }])
    expect((await raw.next(isEvent('#server-to-user-u1', 'e'))).payload).toEqual({ a: 1 })
    await raw.expectNothing('e')
  })

  // covers: USER-20
  it('signs in again by itself after its connection was cut', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy, { userId: 'u1' })
    await signInAndListen(client)
    proxy.dropClients()
    await listensToItsUser(client)
    expect(proxy.sentByClients('pusher:signin')).toHaveLength(2)
    const calls = record(client.pusher.user, 'e')
    await nodeSdk(server).sendToUser('u1', 'e', { a: 1 })
    expect((await calls.next(() => true)).data).toEqual({ a: 1 })
  })

  // covers: USER-21
  it('gets nothing and breaks nothing after it disconnected', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: 'u1' })
    await signInAndListen(client)
    const calls = record(client.pusher.user, 'e')
    client.pusher.disconnect()
    await client.reach('disconnected')
    expect((await nodeSdk(server).sendToUser('u1', 'e', {})).status).toBe(200)
    expect(calls.items).toEqual([])
  })

  // covers: USER-23
  it('tells the user object when its auth endpoint answers 403, and sends nothing', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using endpoint = await AuthEndpoint.start(app1)
    endpoint.answerWith({ status: 403, body: '{}' })
    await using client = await connectPusherJs(proxy, {
      options: { userAuthentication: { transport: 'ajax', endpoint: endpoint.url } },
    })
    const errors = record(client.pusher.user, 'pusher:signin_error')
    client.pusher.signin()
    expect((await errors.next(() => true)).data).toMatchObject({ status: 403 })
    await client.barrier()
    expect(proxy.sentByClients('pusher:signin')).toEqual([])
  })

  // covers: WATCH-02
  it('is told which users of its watchlist are online', async () => {
    await using server = await startServer({ app1: { watchlist: true } })
    await using other = await server.connect()
    await signIn(other, { id: 'u2' })
    await using client = await connectPusherJs(server, { userId: 'u1', userData: { watchlist: ['u2'] } })
    const calls = record(client.pusher.user.watchlist, 'online', 'offline')
    client.pusher.signin()
    const online = await calls.next(({ event }) => event === 'online')
    expect(online.data).toEqual({ name: 'online', user_ids: ['u2'] })
    await other.close()
    const offline = await calls.next(({ event }) => event === 'offline')
    expect(offline.data).toEqual({ name: 'offline', user_ids: ['u2'] })
  })

  // covers: TERM-01, TERM-03
  it('ends for good in every tab when its user is terminated, and in no other', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using tab1 = await connectPusherJs(proxy, { userId: 'u1' })
    await using tab2 = await connectPusherJs(proxy, { userId: 'u1' })
    await using other = await connectPusherJs(proxy, { userId: 'u2' })
    for (const client of [tab1, tab2, other]) await signInAndListen(client)
    const response = await nodeSdk(server).terminateUserConnections('u1')
    expect(response.status).toBe(200)
    for (const tab of [tab1, tab2]) {
      expect(await tab.errors.next(() => true)).toMatchObject({ data: { code: 4009 } })
      await tab.reach('disconnected')
    }
    proxy.refuseNext(4100) // who comes back after a second is the yardstick for who does not
    await using patient = pusherJs(proxy)
    await patient.reach('connected', { timeoutMs: 5_000 })
    expect(proxy.connections.items).toHaveLength(5)
    expect([tab1.state, tab2.state, other.state]).toEqual(['disconnected', 'disconnected', 'connected'])
    expect(other.errors.items).toEqual([])
  })

  // covers: TERM-07
  it('may connect and sign in again after it was terminated', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: 'u1' })
    await signInAndListen(client)
    await nodeSdk(server).terminateUserConnections('u1')
    await client.reach('disconnected')
    client.pusher.connect()
    await client.messages.next(({ event }) => event === 'pusher:signin_success') // of the first connection
    await client.messages.next(({ event }) => event === 'pusher:signin_success')
    expect(client.state).toBe('connected')
  })
})
