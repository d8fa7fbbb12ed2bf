import { describe, expect, it } from 'vitest'
import { AuthEndpoint } from '../../support/auth-endpoint.js'
import { authorizeChannel } from '../../support/auth.js'
import { connectPusherJs, nextEvent, record } from '../../support/clients.js'
import { Inbox } from '../../support/inbox.js'
import { RecordingProxy } from '../../support/recording-proxy.js'
import { app1, app2, isEvent, startServer, subscribe } from '../../support/test-server.js'

/** Options of pusher-js that ask this endpoint, as an application's page does. */
const askEndpoint = (url: string) => ({
  options: { channelAuthorization: { transport: 'ajax', endpoint: url } as const },
})

describe('channels of pusher-js', () => {
  // covers: CHAN-02, CHAN-05
  it('subscribes to a public channel and hands the decoded data to the handler once', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const channel = await client.subscribe('news')
    expect(channel.subscribed).toBe(true)
    const saved = record(channel, 'saved')
    await server.publish('news', 'saved', { hello: 'world' })
    await client.barrier()
    expect(saved.items).toEqual([{ event: 'saved', data: { hello: 'world' }, metadata: {} }])
  })

  // covers: HTTP-13
  it('hands data that is no JSON to the handler as text', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const saved = nextEvent(await client.subscribe('news'), 'saved')
    await server.publish('news', 'saved', 'hello world')
    expect(await saved).toBe('hello world')
  })

  // covers: CHAN-20
  it('ends unsubscribed when it unsubscribes while its authorization is pending', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    const asked = new Inbox<() => void>('authorizations', () => 'asked')
    await using client = await connectPusherJs(proxy, {
      options: {
        channelAuthorization: {
          transport: 'ajax',
          endpoint: '',
          customHandler: ({ socketId, channelName }, callback) => {
            asked.push(() => {
              callback(null, authorizeChannel(app1, socketId, channelName))
            })
          },
        },
      },
    })
    client.pusher.subscribe('private-orders')
    const answer = await asked.next(() => true)
    client.pusher.unsubscribe('private-orders')
    answer()
    await proxy.nextFromClient('pusher:unsubscribe', 'private-orders')
    await client.barrier()
    expect((await server.api('/channels/private-orders')).json).toEqual({ occupied: false })
  })

  // covers: CACHE-02
  it('tells the handler that a cache channel is empty', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const channel = client.pusher.subscribe('cache-prices')
    const calls = record(channel, 'pusher:subscription_succeeded', 'pusher:cache_miss')
    await calls.next(({ event }) => event === 'pusher:cache_miss')
    expect(calls.items.map(({ event }) => event)).toEqual([
      'pusher:subscription_succeeded',
      'pusher:cache_miss',
    ])
  })

  // covers: CACHE-16
  it('hands an event on a cache channel once to each client that is there', async () => {
    await using server = await startServer()
    await using first = await connectPusherJs(server)
    await using second = await connectPusherJs(server)
    const calls = [
      record(await first.subscribe('cache-prices'), 'changed'),
      record(await second.subscribe('cache-prices'), 'changed'),
    ]
    await server.publish('cache-prices', 'changed', { price: 5 })
    await Promise.all([first.barrier(), second.barrier()])
    for (const { items } of calls) expect(items.map(({ data }) => data)).toEqual([{ price: 5 }])
  })

  // covers: CNT-03
  it('knows how many subscribers a channel has when the app counts them', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using first = await connectPusherJs(server)
    const channel = first.pusher.subscribe('news')
    const counts = record(channel, 'pusher:subscription_count')
    expect((await counts.next(() => true)).data).toEqual({ subscription_count: 1 })
    await using second = await connectPusherJs(server)
    await second.subscribe('news')
    expect((await counts.next(() => true)).data).toEqual({ subscription_count: 2 })
    expect(channel.subscriptionCount).toBe(2)
  })
})

describe('authorization of pusher-js', () => {
  it('subscribes with what an auth endpoint answers, which it asks once', async () => {
    await using server = await startServer()
    await using endpoint = await AuthEndpoint.start(app1)
    await using client = await connectPusherJs(server, askEndpoint(endpoint.url))
    await client.subscribe('private-orders')
    expect(endpoint.requests.items).toMatchObject([{ channel: 'private-orders', socketId: client.socketId }])
  })

  // covers: AUTH-04, AUTH-19
  it('reports a refused signature, stays connected, and sends nothing when it subscribes again', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy, { app: { ...app2, key: app1.key } })
    client.pusher.subscribe('private-orders')
    expect(await client.errors.next(() => true)).toMatchObject({ type: 'PusherError' })
    client.pusher.unsubscribe('private-orders')
    client.pusher.subscribe('private-orders')
    await client.barrier()
    expect(client.state).toBe('connected')
    expect(client.errors.items).toHaveLength(1)
    expect(proxy.sentByClients('pusher:subscribe')).toHaveLength(1)
  })

  // covers: AUTH-17
  it('tells the channel when the auth endpoint answers 403, and sends nothing', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using endpoint = await AuthEndpoint.start(app1)
    endpoint.answerWith({ status: 403, body: '{"message":"no"}' })
    await using client = await connectPusherJs(proxy, askEndpoint(endpoint.url))
    const errors = record(client.pusher.subscribe('private-orders'), 'pusher:subscription_error')
    const { data } = await errors.next(() => true)
    expect(data).toMatchObject({ type: 'AuthError', status: 403, error: expect.any(String) as string })
    await client.barrier()
    expect(proxy.sentByClients('pusher:subscribe')).toEqual([])
  })

  // covers: AUTH-18
  it('tells the channel when the auth endpoint answers something that is no JSON', async () => {
    await using server = await startServer()
    await using endpoint = await AuthEndpoint.start(app1)
    endpoint.answerWith({ status: 200, body: '<html>' })
    await using client = await connectPusherJs(server, askEndpoint(endpoint.url))
    const errors = record(client.pusher.subscribe('private-orders'), 'pusher:subscription_error')
    expect((await errors.next(() => true)).data).toMatchObject({ status: 200 })
  })
})

describe('presence in pusher-js', () => {
  // covers: PRES-02
  it('knows its own member with all it was told about it', async () => {
    const userInfo = { name: 'Zoë 🚀', roles: ['a', 'b'], age: 5, nested: { ok: true } }
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: '10', userInfo })
    const { members } = await client.join('presence-room')
    expect(members.count).toBe(1)
    expect(members.me).toEqual({ id: '10', info: userInfo })
  })

  it('follows members that come and go', async () => {
    await using server = await startServer()
    await using ann = await connectPusherJs(server, { userId: 'ann', userInfo: { name: 'Ann' } })
    const channel = await ann.join('presence-room')
    const calls = record(channel, 'pusher:member_added', 'pusher:member_removed')
    const bob = await connectPusherJs(server, { userId: 'bob', userInfo: { name: 'Bob' } })
    const { members } = await bob.join('presence-room')
    expect(members.count).toBe(2)
    expect(members.get('ann')).toEqual({ id: 'ann', info: { name: 'Ann' } })
    const added = await calls.next(({ event }) => event === 'pusher:member_added')
    expect(added.data).toEqual({ id: 'bob', info: { name: 'Bob' } })
    await bob[Symbol.asyncDispose]()
    const removed = await calls.next(({ event }) => event === 'pusher:member_removed')
    expect(removed.data).toEqual({ id: 'bob', info: { name: 'Bob' } })
    expect(channel.members.count).toBe(1)
  })

  // covers: PRES-14
  it('finds a member whose id was a number by the number and by its text', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: 1265, userInfo: { name: 'Ann' } })
    const { members } = await client.join('presence-room')
    expect(members.get('1265')).toEqual({ id: '1265', info: { name: 'Ann' } })
    expect(members.get(1265 as unknown as string)).toMatchObject({ info: { name: 'Ann' } })
    await using raw = await server.connect()
    const { payload } = await subscribe(raw, 'presence-room', { userId: '7' })
    expect(payload).toMatchObject({
      presence: { ids: ['1265', '7'], hash: { 1265: { name: 'Ann' } }, count: 2 },
    })
  })

  // covers: PRES-38
  it('leaves and joins once in the eyes of the others when its connection is cut', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using ann = await connectPusherJs(server, { userId: 'ann' })
    await using bob = await connectPusherJs(proxy, { userId: 'bob' })
    const room = await ann.join('presence-room')
    await bob.join('presence-room')
    const calls = record(room, 'pusher:member_added', 'pusher:member_removed')
    await ann.barrier()
    const before = calls.items.length
    const again = record(bob.pusher.channel('presence-room'), 'pusher:subscription_succeeded')
    proxy.dropClients()
    await again.next(() => true, { timeoutMs: 5_000 })
    await ann.barrier()
    const seen = calls.items.slice(before).map(({ event }) => event)
    expect([[], ['pusher:member_removed', 'pusher:member_added']]).toContainEqual(seen)
    expect(room.members.count).toBe(2)
  })
})

describe('client events of pusher-js', () => {
  // covers: CEV-01, CEV-02
  it('reach the other subscribers of a private channel once, and not the sender', async () => {
    await using server = await startServer()
    await using ann = await connectPusherJs(server)
    await using bob = await connectPusherJs(server)
    const sender = await ann.subscribe('private-room')
    const receiver = await bob.subscribe('private-room')
    const [sent, received] = [record(sender, 'client-x'), record(receiver, 'client-x')]
    sender.trigger('client-x', { a: 1 })
    await received.next(() => true)
    await Promise.all([ann.barrier(), bob.barrier()])
    expect(received.items.map(({ data }) => data)).toEqual([{ a: 1 }])
    expect(sent.items).toEqual([])
  })

  // covers: CEV-04
  it('carry the user id of the sender on a presence channel', async () => {
    await using server = await startServer()
    await using ann = await connectPusherJs(server, { userId: 'ann' })
    await using bob = await connectPusherJs(server, { userId: 'bob' })
    await using raw = await server.connect()
    const room = await ann.join('presence-room')
    const received = record(await bob.join('presence-room'), 'client-x')
    await subscribe(raw, 'presence-room', { userId: 'raw' })
    room.trigger('client-x', { a: 1 })
    expect((await received.next(() => true)).metadata).toEqual({ user_id: 'ann' })
    expect((await raw.next('client-x')).message.user_id).toBe('ann')
  })

  // covers: CEV-07
  it.each([['hi'], [5], [[1, 2]], [true], [{}], [null], ['{"a":1}{']])('keep the value %j', async (value) => {
    await using server = await startServer()
    await using ann = await connectPusherJs(server)
    await using bob = await connectPusherJs(server)
    const sender = await ann.subscribe('private-room')
    const received = record(await bob.subscribe('private-room'), 'client-x')
    sender.trigger('client-x', value)
    expect((await received.next(() => true)).data).toEqual(value)
  })

  it('are errors of the connection when the app has them off', async () => {
    await using server = await startServer({ app1: { clientEvents: false } })
    await using ann = await connectPusherJs(server)
    await using raw = await server.connect()
    await subscribe(raw, 'private-room')
    const channel = await ann.subscribe('private-room')
    channel.trigger('client-x', {})
    expect(await ann.errors.next(() => true)).toMatchObject({ type: 'PusherError' })
    await ann.barrier()
    await raw.expectNothing(isEvent('private-room', 'client-x'))
    expect(ann.state).toBe('connected')
  })
})
