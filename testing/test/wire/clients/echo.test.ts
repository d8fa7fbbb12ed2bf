import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AuthEndpoint } from '../../support/auth-endpoint.js'
import { connectEcho as connect, nodeSdk, record } from '../../support/clients.js'
import type { ClientTarget, PusherJsOptions } from '../../support/clients.js'
import { Inbox } from '../../support/inbox.js'
import { RecordingProxy } from '../../support/recording-proxy.js'
import { app1, startServer, subscribe } from '../../support/test-server.js'

/** A callback for Echo, and what it was called with. */
function callback() {
  const calls = new Inbox<unknown>('callback', (value) => JSON.stringify([value]))
  return { calls, call: (value: unknown) => calls.push(value) }
}

const any = (): boolean => true

describe.each(['pusher', 'reverb'] as const)('Laravel Echo with the broadcaster %s', (broadcaster) => {
  const connectEcho = (target: ClientTarget, who: PusherJsOptions = {}) =>
    connect(target, { broadcaster, ...who })

  // covers: ECHO-01, ECHO-02, ECHO-11
  it('listens for an event class, and for an event by its own name', async () => {
    await using server = await startServer()
    await using client = await connectEcho(server)
    const [shipped, custom] = [callback(), callback()]
    client.echo.channel('c').listen('OrderShipped', shipped.call).listen('.my.event', custom.call)
    await client.subscribe('c')
    await server.publish('c', 'App\\Events\\OrderShipped', { id: 1 })
    await server.publish('c', 'my.event', { id: 2 })
    expect(await shipped.calls.next(any)).toEqual({ id: 1 })
    expect(await custom.calls.next(any)).toEqual({ id: 2 })
  })

  // covers: ECHO-03
  it('listens for notifications on a private channel', async () => {
    await using server = await startServer()
    await using client = await connectEcho(server)
    const { calls, call } = callback()
    client.echo.private('App.Models.User.1').notification(call)
    await client.subscribe('private-App.Models.User.1')
    const event = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated'
    await server.publish('private-App.Models.User.1', event, { type: 'App\\Notifications\\Paid' })
    expect(await calls.next(any)).toEqual({ type: 'App\\Notifications\\Paid' })
  })

  // covers: ECHO-04, ECHO-06
  it('knows who is here, who joins and who leaves', async () => {
    await using server = await startServer()
    await using ann = await connectEcho(server, { userId: 'ann', userInfo: { name: 'Ann' } })
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using bob = await connectEcho(proxy, { userId: 'bob', userInfo: { name: 'Bob' } })
    const [here, joining, leaving, bobHere] = [callback(), callback(), callback(), callback()]
    ann.echo.join('room').here(here.call).joining(joining.call).leaving(leaving.call)
    expect(await here.calls.next(any)).toEqual([{ name: 'Ann' }])
    bob.echo.join('room').here(bobHere.call)
    expect(await bobHere.calls.next(any)).toEqual([{ name: 'Ann' }, { name: 'Bob' }])
    expect(await joining.calls.next(any)).toEqual({ name: 'Bob' })
    bob.echo.leave('room')
    expect(await leaving.calls.next(any)).toEqual({ name: 'Bob' })
    await proxy.nextFromClient('pusher:unsubscribe', 'presence-room')
    await ann.barrier()
    for (const { calls } of [here, joining, leaving]) expect(calls.items).toHaveLength(1)
  })

  // covers: ECHO-05
  it('gets along with members that have no user_info', async () => {
    await using server = await startServer()
    await using ann = await connectEcho(server, { userId: 'ann' })
    await using bob = await connectEcho(server, { userId: 'bob' })
    const [here, joining, leaving] = [callback(), callback(), callback()]
    ann.echo.join('room').here(here.call).joining(joining.call).leaving(leaving.call)
    expect(await here.calls.next(any)).toEqual([null])
    await bob.join('presence-room')
    await joining.calls.next(() => true)
    bob.pusher.unsubscribe('presence-room')
    await leaving.calls.next(() => true)
    expect(ann.errors.items).toEqual([])
  })

  // covers: ECHO-07
  it('decrypts what the Node SDK sent to an encrypted private channel', async () => {
    await using server = await startServer()
    await using client = await connectEcho(server)
    const { calls, call } = callback()
    client.echo.encryptedPrivate('x').listen('OrderShipped', call)
    await client.subscribe('private-encrypted-x')
    await nodeSdk(server).trigger('private-encrypted-x', 'App\\Events\\OrderShipped', { id: 1 })
    expect(await calls.next(any)).toEqual({ id: 1 })
  })

  // covers: ECHO-08
  it('does not get what its own request published to others', async () => {
    await using server = await startServer()
    await using ann = await connectEcho(server)
    await using bob = await connectEcho(server)
    const [atAnn, atBob] = [callback(), callback()]
    ann.echo.private('chat').listen('.said', atAnn.call)
    bob.echo.private('chat').listen('.said', atBob.call)
    await Promise.all([ann.subscribe('private-chat'), bob.subscribe('private-chat')])
    const application = http.createServer((request, response) => {
      const socketId = String(request.headers['x-socket-id'])
      nodeSdk(server)
        .trigger('private-chat', 'said', { text: 'hi' }, { socket_id: socketId })
        .then(({ status }) => response.writeHead(status).end())
        .catch(() => response.writeHead(500).end())
    })
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = application.address() as AddressInfo
      const headers = { 'X-Socket-ID': ann.echo.socketId() ?? '', Connection: 'close' }
      expect((await fetch(`http://127.0.0.1:${port}/messages`, { method: 'POST', headers })).status).toBe(200)
    } finally {
      await new Promise((resolve) => application.close(resolve))
    }
    expect(await atBob.calls.next(any)).toEqual({ text: 'hi' })
    await ann.barrier()
    expect(atAnn.calls.items).toEqual([])
  })

  // covers: ECHO-09
  it('reports a refusal of the auth endpoint with its status', async () => {
    await using server = await startServer()
    await using endpoint = await AuthEndpoint.start(app1)
    endpoint.answerWith({ status: 403, body: '{}' })
    await using client = await connectEcho(server, {
      options: { channelAuthorization: { transport: 'ajax', endpoint: endpoint.url } },
    })
    const { calls, call } = callback()
    client.echo.private('orders').error(call)
    expect(await calls.next(any)).toMatchObject({ type: 'AuthError', status: 403 })
  })

  // covers: CEV-26, ECHO-10
  it('whispers to the others once, on private and presence channels', async () => {
    await using server = await startServer()
    await using ann = await connectEcho(server, { userId: 'ann' })
    await using bob = await connectEcho(server, { userId: 'bob' })
    for (const kind of ['private', 'join'] as const) {
      const [atAnn, atBob] = [callback(), callback()]
      const name = kind === 'join' ? 'presence-room' : 'private-room'
      ann.echo[kind]('room').listenForWhisper('typing', atAnn.call)
      bob.echo[kind]('room').listenForWhisper('typing', atBob.call)
      await Promise.all([ann.subscribe(name), bob.subscribe(name)])
      ann.echo[kind]('room').whisper('typing', { u: 1 })
      await atBob.calls.next(any)
      await Promise.all([ann.barrier(), bob.barrier()])
      expect(atBob.calls.items).toEqual([{ u: 1 }])
      expect(atAnn.calls.items).toEqual([])
    }
  })

  // covers: ECHO-12
  it('keeps a consistent member list when another one disconnects and connects again', async () => {
    await using server = await startServer()
    await using ann = await connectEcho(server, { userId: 'ann', userInfo: 'Ann' })
    await using bob = await connectEcho(server, { userId: 'bob', userInfo: 'Bob' })
    const [seen, bobHere] = [callback(), callback()]
    ann.echo
      .join('room')
      .here((members: unknown) => seen.call({ here: members }))
      .joining((member: unknown) => seen.call({ joining: member }))
      .leaving((member: unknown) => seen.call({ leaving: member }))
    await seen.calls.next(any)
    bob.echo.join('room').here(bobHere.call)
    await bobHere.calls.next(any)
    bob.echo.disconnect()
    await bob.reach('disconnected')
    bob.pusher.connect()
    expect(await bobHere.calls.next(any, { timeoutMs: 5_000 })).toEqual(['Ann', 'Bob'])
    await seen.calls.nextMany(any, 3)
    await ann.barrier()
    const expected = [{ here: ['Ann'] }, { joining: 'Bob' }, { leaving: 'Bob' }, { joining: 'Bob' }]
    expect(seen.calls.items).toEqual(expected)
  })

  it('answers to a raw client on the same channel', async () => {
    await using server = await startServer()
    await using client = await connectEcho(server, { userId: 'ann' })
    await using raw = await server.connect()
    const whispers = record(await client.join('presence-room'), 'client-typing')
    await subscribe(raw, 'presence-room', { userId: 'raw' })
    raw.send({ event: 'client-typing', channel: 'presence-room', data: { u: 1 } })
    expect(await whispers.next(any)).toMatchObject({ data: { u: 1 }, metadata: { user_id: 'raw' } })
  })
})
