import type PusherServerSdk from 'pusher'
import { describe, expect, it } from 'vitest'
import { channelAuth } from '../../support/auth.js'
import { connectPusherJs, nodeSdk, record } from '../../support/clients.js'
import { app1, app2, everythingOn, isEvent, startServer, subscribe } from '../../support/test-server.js'

type SdkError = PusherServerSdk.RequestError

describe('publishing with the Node SDK', () => {
  // covers: SIG-02, HTTP-01, HTTP-03
  it('answers 200 with an empty object, and delivers', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const response = await nodeSdk(server).trigger('news', 'saved', { id: 1 })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{}')
    expect((await client.next('saved')).text).toBe('{"event":"saved","channel":"news","data":"{\\"id\\":1}"}')
  })

  it('is refused with 401 when the secret is another app’s', async () => {
    await using server = await startServer()
    const stranger = nodeSdk(server, { ...app1, secret: app2.secret })
    const error = await stranger.trigger('news', 'saved', {}).catch((error: unknown) => error as SdkError)
    expect(error).toMatchObject({ status: 401 })
    expect((error as SdkError).body).not.toContain(app1.secret)
  })

  // covers: HTTP-11
  it('is refused with 400 when there is no data', async () => {
    await using server = await startServer()
    const error = nodeSdk(server).trigger('news', 'saved', undefined)
    await expect(error).rejects.toMatchObject({ status: 400 })
  })

  it('leaves out the connection that it names', async () => {
    await using server = await startServer()
    await using sender = await server.connect()
    await using other = await server.connect()
    for (const client of [sender, other]) await subscribe(client, 'news')
    await nodeSdk(server).trigger('news', 'saved', {}, { socket_id: sender.socketId })
    await other.next('saved')
    await sender.expectNothing('saved')
  })

  it('answers the attributes it asks for', async () => {
    await using server = await startServer(everythingOn())
    await using client = await server.connect()
    await subscribe(client, 'presence-room', { userId: '1' })
    await subscribe(client, 'news')
    const channels = ['presence-room', 'news']
    const info = 'user_count,subscription_count'
    const response = await nodeSdk(server).trigger(channels, 'saved', {}, { info })
    expect(await response.json()).toMatchObject({
      channels: { 'presence-room': { user_count: 1 }, news: { subscription_count: 1 } },
    })
  })

  // covers: HTTP-35
  it('delivers a batch of three events, in order per channel', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of ['a', 'b']) await subscribe(client, channel)
    const response = await nodeSdk(server).triggerBatch([
      { channel: 'a', name: 'first', data: { n: 1 } },
      { channel: 'b', name: 'only', data: 'text' },
      { channel: 'a', name: 'second', data: { n: 2 } },
    ])
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{}')
    await client.barrier()
    const onA = client.inbox.items.filter(
      ({ channel, event }) => channel === 'a' && !event.startsWith('pusher'),
    )
    expect(onA.map(({ event }) => event)).toEqual(['first', 'second'])
    expect((await client.next(isEvent('b', 'only'))).data).toBe('text')
  })

  // covers: CHAN-21
  it('reaches a channel whose name has every allowed character', async () => {
    const name = 'foo-bar_1234@=,.;'
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const calls = record(await client.subscribe(name), 'saved')
    const sdk = nodeSdk(server)
    await sdk.trigger(name, 'saved', { id: 1 })
    expect((await calls.next(() => true)).data).toEqual({ id: 1 })
    expect(await (await sdk.get({ path: `/channels/${name}` })).json()).toEqual({ occupied: true })
  })
})

describe('queries of the Node SDK', () => {
  it('list channels, one channel and the users of a presence channel', async () => {
    await using server = await startServer()
    await using ann = await server.connect()
    await using bob = await server.connect()
    await subscribe(ann, 'presence-room', { userId: 'ann' })
    await subscribe(bob, 'presence-room', { userId: 'bob' })
    await subscribe(ann, 'news')
    const get = async (path: string, params = {}): Promise<unknown> =>
      (await nodeSdk(server).get({ path, params })).json()
    expect(await get('/channels')).toEqual({ channels: { 'presence-room': {}, news: {} } })
    expect(await get('/channels', { filter_by_prefix: 'presence-', info: 'user_count' })).toEqual({
      channels: { 'presence-room': { user_count: 2 } },
    })
    expect(await get('/channels/presence-room', { info: 'user_count' })).toEqual({
      occupied: true,
      user_count: 2,
    })
    expect(await get('/channels/nobody')).toEqual({ occupied: false })
    const { users } = (await get('/channels/presence-room/users')) as { users: unknown[] }
    expect(users).toHaveLength(2)
    expect(users).toEqual(expect.arrayContaining([{ id: 'ann' }, { id: 'bob' }]))
  })

  // covers: SIG-18
  it.each(['presence-a;b', 'a@b=c', 'a,b.c'])('filter by the prefix %s', async (prefix) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, `${prefix}-1`, { userId: '1' })
    await subscribe(client, 'other')
    const response = await nodeSdk(server).get({ path: '/channels', params: { filter_by_prefix: prefix } })
    expect(await response.json()).toEqual({ channels: { [`${prefix}-1`]: {} } })
  })
})

describe('authorization by the Node SDK', () => {
  // covers: AUTH-01
  it('is accepted on private and presence channels', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const sdk = nodeSdk(server)
    const { auth } = sdk.authorizeChannel(client.socketId, 'private-orders')
    expect(auth).toBe(channelAuth(app1, client.socketId, 'private-orders'))
    await subscribe(client, 'private-orders', { data: { auth } })
    const user = { user_id: 'ann', user_info: { name: 'Zoë / 🚀' } }
    const data = { ...sdk.authorizeChannel(client.socketId, 'presence-room', user) }
    const { payload } = await subscribe(client, 'presence-room', { data })
    expect(payload).toEqual({ presence: { ids: ['ann'], hash: { ann: { name: 'Zoë / 🚀' } }, count: 1 } })
  })

  // covers: USER-01, USER-04
  it('is accepted at sign-in, and the user data come back as they were', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const signed = nodeSdk(server).authenticateUser(client.socketId, {
      id: 'u1',
      user_info: { name: 'Zoë / 🚀' },
    })
    client.send({ event: 'pusher:signin', data: signed })
    expect((await client.next('pusher:signin_success')).payload).toEqual({ user_data: signed.user_data })
  })
})
