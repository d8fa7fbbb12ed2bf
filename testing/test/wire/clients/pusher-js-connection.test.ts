import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Options } from 'pusher-js'
import { describe, expect, it } from 'vitest'
import { connectPusherJs, pusherJs, record } from '../../support/clients.js'
import { Inbox } from '../../support/inbox.js'
import { RawClient } from '../../support/raw-client.js'
import { RecordingProxy } from '../../support/recording-proxy.js'
import { startServer } from '../../support/test-server.js'
import { until } from '../../support/until.js'

/**
 * A yardstick for "does not come back": another pusher-js is turned away with 4100, which makes it wait its one second and
 * connect again. A client that would reconnect has done so by then.
 */
async function anotherClientCameBack(proxy: RecordingProxy): Promise<void> {
  proxy.refuseNext(4100)
  await using patient = pusherJs(proxy)
  await patient.reach('connected', { timeoutMs: 5_000 })
}

describe('the connection of pusher-js', () => {
  // covers: CONN-02
  it('is established without an error, and knows its socket id', async () => {
    await using server = await startServer()
    await using client = pusherJs(server)
    expect(client.state).toBe('connecting')
    await client.reach('connected')
    expect(client.states.items).toEqual(['connecting>connected'])
    expect(client.socketId).toMatch(/^\d+\.\d+$/)
    expect(client.errors.items).toEqual([])
  })

  // covers: CONN-42
  it('goes below the path prefix that server and client agree on', async () => {
    await using server = await startServer({ path: '/x' })
    await using client = await connectPusherJs(server, { options: { wsPath: '/x' } })
    await client.subscribe('news')
    await using lost = pusherJs(server)
    expect(await lost.errors.next(() => true)).toMatchObject({ error: { data: { code: 4005 } } })
  })

  // covers: CONN-06
  it('ends for good when the key is unknown', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = pusherJs(proxy, { key: 'nobody' })
    const error = await client.errors.next(() => true)
    expect(error).toMatchObject({ error: { data: { code: 4001 } } })
    await client.reach('disconnected')
    expect(proxy.connections.items).toHaveLength(1)
    await anotherClientCameBack(proxy)
    expect(proxy.connections.items).toHaveLength(3)
    expect(client.state).toBe('disconnected')
    expect(client.errors.items).toHaveLength(1)
  })

  // covers: CONN-07
  it('ends for good when the app is disabled', async () => {
    await using server = await startServer({ app1: { enabled: false } })
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = pusherJs(proxy)
    expect(await client.errors.next(() => true)).toMatchObject({ error: { data: { code: 4003 } } })
    await client.reach('disconnected')
    expect(client.errors.items).toHaveLength(1)
    expect(proxy.connections.items).toHaveLength(1)
  })

  // covers: CONN-20
  it('comes back over TLS at once when the app insists on it', async () => {
    await using server = await startServer({ app1: { requireTls: true } })
    const firstBytes = new Inbox<number | undefined>('TLS port', String)
    const tlsPort = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (hello) => {
        firstBytes.push(hello[0])
        socket.destroy()
      })
    })
    await new Promise<void>((resolve) => tlsPort.listen(0, '127.0.0.1', resolve))
    try {
      const wssPort = (tlsPort.address() as AddressInfo).port
      // By name: Node 26 refuses the IP address that pusher-js would give as the TLS server name.
      const options: Partial<Options> = { wsHost: 'localhost', wssPort, enabledTransports: ['ws', 'wss'] }
      await using _client = pusherJs(server, { options })
      expect(await firstBytes.next(() => true)).toBe(0x16) // a TLS handshake record
    } finally {
      await new Promise((resolve) => tlsPort.close(resolve))
    }
  })

  // covers: CONN-27
  it('stays up on its own pings while nothing else is said', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy, {
      options: { activityTimeout: 100, pongTimeout: 1_000 },
    })
    for (let pings = 0; pings < 8; pings++) await proxy.nextFromClient('pusher:ping')
    expect(client.states.items).toEqual(['connecting>connected'])
    expect(proxy.connections.items).toHaveLength(1)
    expect(client.errors.items).toEqual([])
  })

  // covers: CONN-35
  it('takes its channels with it when it disconnects', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    await client.subscribe('news')
    await client.subscribe('private-orders')
    expect((await server.api('/channels')).json).toEqual({ channels: { news: {}, 'private-orders': {} } })
    client.pusher.disconnect()
    const channels = async () => (await server.api('/channels')).text
    expect(await until(channels, (text) => text === '{"channels":{}}', 1_000)).toBe('{"channels":{}}')
  })

  // covers: CONN-37
  it('comes back by itself when the server restarts behind a proxy that stays', async () => {
    const first = await startServer()
    const { port } = first
    await using proxy = await RecordingProxy.start(first.wsUrl)
    await using client = await connectPusherJs(proxy)
    await using witness = await RawClient.connect(first.appUrl())
    const { socketId } = client
    await client.subscribe('news')
    client.states.take(() => true)
    await first.close()
    expect((await witness.closed()).code).toBe(4200)
    await using second = await startServer({ port })
    await client.nextState('connected', { timeoutMs: 8_000 })
    expect(client.socketId).not.toBe(socketId)
    await client.barrier()
    expect((await second.api('/channels/news')).json).toEqual({ occupied: true })
  })

  // covers: CONN-38
  it('comes back at once after close code 4200, with its subscriptions signed anew', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy)
    await client.subscribe('news')
    await client.subscribe('private-orders')
    const { socketId } = client
    const first = await proxy.nextFromClient('pusher:subscribe', 'private-orders')
    await proxy.nextFromClient('pusher:subscribe', 'news')
    client.states.take(() => true)
    const closedAtMs = Date.now()
    proxy.closeClients(4200, 'come back')
    await client.nextState('connected')
    expect(proxy.connections.items[1]! - closedAtMs).toBeLessThan(500)
    expect(client.socketId).not.toBe(socketId)
    await proxy.nextFromClient('pusher:subscribe', 'news')
    const again = await proxy.nextFromClient('pusher:subscribe', 'private-orders')
    expect(again.message.data).not.toEqual(first.message.data)
    expect(again.message.data).toMatchObject({ auth: expect.stringMatching(/^key1:[0-9a-f]{64}$/) as string })
  })

  // covers: CONN-39
  it('comes back after about a second after close code 4100', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy)
    client.states.take(() => true)
    const closedAtMs = Date.now()
    proxy.closeClients(4100, 'full')
    await client.nextState('connected', { timeoutMs: 5_000 })
    const pauseMs = proxy.connections.items[1]! - closedAtMs
    expect(pauseMs).toBeGreaterThan(900)
    expect(pauseMs).toBeLessThan(2_000)
  })

  // covers: CONN-40
  it('gets a new socket id and its channels back when it disconnects and connects', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const channel = await client.subscribe('private-orders')
    const { socketId } = client
    client.states.take(() => true)
    client.pusher.disconnect()
    await client.reach('disconnected')
    client.pusher.connect()
    await record(channel, 'pusher:subscription_succeeded').next(() => true)
    expect(client.socketId).not.toBe(socketId)
    const saved = record(channel, 'saved')
    await server.publish('private-orders', 'saved', { id: 1 })
    expect((await saved.next(() => true)).data).toEqual({ id: 1 })
  })

  // covers: CHAN-31
  it('gets its public and private channels back after the connection was cut', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy)
    for (const name of ['news', 'private-orders']) {
      const channel = await client.subscribe(name)
      record(channel, 'saved')
    }
    proxy.dropClients()
    const channels = ['news', 'private-orders'].map((name) => client.pusher.channel(name))
    await Promise.all(
      channels.map((channel) =>
        record(channel, 'pusher:subscription_succeeded').next(() => true, { timeoutMs: 5_000 }),
      ),
    )
    for (const channel of channels) {
      const saved = record(channel, 'saved')
      await server.publish(channel.name, 'saved', { id: channel.name })
      expect((await saved.next(() => true)).data).toEqual({ id: channel.name })
    }
  })
})
