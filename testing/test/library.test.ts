import { execFile } from 'node:child_process'
import net from 'node:net'
import { promisify } from 'node:util'
import type { HubEvent } from 'pogo-websocket'
import { createServer, ServerError } from 'pogo-websocket'
import { createLocalAdapter } from 'pogo-websocket/adapters'
import { describe, expect, it } from 'vitest'
import { connectCrowd } from './support/crowd.js'
import { RawClient } from './support/raw-client.js'
import { app1, app2, isEvent, startServer, subscribe } from './support/test-server.js'

const run = promisify(execFile)
const options = { port: 0, apps: [app1] }

/** What a call that must fail throws. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    expect(error).toBeInstanceOf(ServerError)
    return error
  }
  throw new Error('it did not fail')
}

describe('a server of the library', () => {
  it('knows where it listens once it does', async () => {
    await using server = createServer(options)
    expect(server.host).toBe('127.0.0.1')
    expect(await failureOf(() => server.port)).toMatchObject({ code: 'ERR_SERVER_STATE' })
    await server.listen()
    expect(server.port).toBeGreaterThan(0)
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect([server.playgroundUrl, server.metricsUrl]).toEqual([null, null])
  })

  it('shows its prefix in its address', async () => {
    await using server = createServer({ ...options, path: '/realtime' })
    await server.listen()
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/realtime`)
    await using client = await RawClient.connect(`${server.url.replace('http', 'ws')}/app/key1?protocol=7`)
    await client.established()
  })

  it('listens once', async () => {
    await using server = createServer(options)
    await server.listen()
    expect(await failureOf(() => server.listen())).toMatchObject({ code: 'ERR_SERVER_STATE' })
    await server.close()
    expect(await failureOf(() => server.listen())).toMatchObject({ code: 'ERR_SERVER_STATE' })
  })

  it('says that its port is taken', async () => {
    await using first = createServer(options)
    await first.listen()
    await using second = createServer({ ...options, port: first.port })
    const error = await failureOf(() => second.listen())
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_IN_USE', cause: { code: 'EADDRINUSE' } })
    expect((error as Error).message).toContain(String(first.port))
  })

  it('says that its host is not of this machine', async () => {
    await using server = createServer({ ...options, host: '192.0.2.1' })
    expect(await failureOf(() => server.listen())).toMatchObject({ code: 'ERR_ADDRESS_UNAVAILABLE' })
  })

  it('lets go of its port when its metrics cannot be served', async () => {
    await using first = createServer(options)
    await first.listen()
    await using server = createServer({ ...options, metrics: { port: first.port } })
    expect(await failureOf(() => server.listen())).toMatchObject({ code: 'ERR_ADDRESS_IN_USE' })
    await using again = createServer({ ...options, port: server.port })
    await again.listen()
  })

  it('is not built from options that are wrong, and says everything that is', async () => {
    const wrong: object = { prot: 1, port: -1, apps: [{ id: 'app1' }] }
    const error = (await failureOf(() => createServer(wrong))) as Error
    expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID' })
    for (const text of ['prot', 'port', 'apps[0]', 'secret']) expect(error.message).toContain(text)
    expect(await failureOf(() => createServer())).toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it('needs no apps when they come from elsewhere', async () => {
    const asked: string[] = []
    const appManager = {
      findById: async (id: string) => {
        asked.push(id)
        return null
      },
      findByKey: async () => null,
    }
    await using server = createServer({ port: 0, appManager })
    const event = { channels: ['a'], name: 'e', data: '' }
    expect(await failureOf(() => server.publish('elsewhere', event))).toMatchObject({
      code: 'ERR_APP_UNKNOWN',
    })
    expect(asked).toEqual(['elsewhere'])
  })
})

describe('publish()', () => {
  it('reaches subscribers of every channel exactly once, as it was given', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    for (const client of crowd) for (const channel of ['a', 'b']) await subscribe(client, channel)
    const socketId = crowd.at(0).socketId
    await server.server.publish('app1', { channels: ['a', 'b', 'a'], name: 'saved', data: '{"id":1.0}' })
    await server.server.publish('app1', { channels: ['a'], name: 'others', data: '', socketId })
    await server.server.publish('app1', { channels: ['a'], name: 'last', data: 'x' })
    for (const client of crowd) {
      for (const channel of ['a', 'b']) {
        expect((await client.next(isEvent(channel, 'saved'))).data).toBe('{"id":1.0}')
      }
      await client.next(isEvent('a', 'last'))
      await client.expectNothing(isEvent('a', 'saved'))
    }
    await crowd.at(1).next(isEvent('a', 'others'))
    await crowd.at(0).expectNothing(isEvent('a', 'others'))
  })

  it('fills a cache channel, before the server listens too', async () => {
    await using server = createServer(options)
    await server.publish('app1', { channels: ['cache-a'], name: 'saved', data: '1' })
    await server.listen()
    await using client = await RawClient.connect(`${server.url.replace('http', 'ws')}/app/key1?protocol=7`)
    await client.established()
    await subscribe(client, 'cache-a')
    await client.next(isEvent('cache-a', 'saved'))
  })

  it('knows only the apps of the server', async () => {
    await using server = createServer(options)
    const event = { channels: ['a'], name: 'e', data: '' }
    for (const id of [app2.id, '__proto__', '']) {
      expect(await failureOf(() => server.publish(id, event))).toMatchObject({ code: 'ERR_APP_UNKNOWN' })
    }
  })

  it.each<[RegExp, object]>([
    [/"name"/, { name: '' }],
    [/201.*200/, { name: 'x'.repeat(201) }],
    [/reserved/, { name: 'pusher:e' }],
    [/"channels"/, { channels: [] }],
    [/"channels"/, { channels: 'a' }],
    [/101.*100/, { channels: Array.from({ length: 101 }, (_, index) => `c${index}`) }],
    [/'a b'/, { channels: ['a b'] }],
    [/10241.*10240/, { data: 'x'.repeat(10_241) }],
    [/"data"/, { data: { id: 1 } }],
    [/'abc'/, { socketId: 'abc' }],
  ])('says %s of an event it does not take', async (text, change) => {
    await using server = createServer(options)
    const event = { channels: ['a'], name: 'e', data: '', ...change }
    const error = (await failureOf(() => server.publish('app1', event))) as Error
    expect(error).toMatchObject({ code: 'ERR_PUBLISH_INVALID' })
    expect(error.message).toMatch(text)
  })

  it('passes on that the adapter cannot promise delivery', async () => {
    const local = createLocalAdapter()
    const publish = async (): Promise<never> => {
      throw new ServerError('ERR_BROKER_UNAVAILABLE', 'gone')
    }
    const broker = {
      publish,
      receive: local.broker.receive.bind(local.broker),
      subscribe: local.broker.subscribe.bind(local.broker),
      unsubscribe: local.broker.unsubscribe.bind(local.broker),
    }
    await using server = await startServer({ adapter: { ...local, broker } })
    const event = { channels: ['a'], name: 'e', data: '' }
    const error = await failureOf(() => server.server.publish('app1', event))
    expect(error).toMatchObject({ code: 'ERR_BROKER_UNAVAILABLE' })
    const answer = await server.api('/events', { body: event })
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
  })
})

describe('publish() of a closed server', () => {
  it('rejects, since nothing would be delivered', async () => {
    const server = createServer(options)
    await server.listen()
    const event = { channels: ['cache-a'], name: 'e', data: '' }
    await server.publish('app1', event)
    const closed = server.close()
    expect(await failureOf(() => server.publish('app1', event))).toMatchObject({ code: 'ERR_SERVER_STATE' })
    await closed
    expect(await failureOf(() => server.publish('app1', event))).toMatchObject({ code: 'ERR_SERVER_STATE' })
  })
})

describe('observe()', () => {
  it('tells what happens in order, until it is ended, whatever observers do', async () => {
    await using server = await startServer()
    const seen: string[] = []
    const stop = server.server.observe(({ type }: HubEvent) => seen.push(type))
    server.server.observe(() => {
      throw new Error('an observer that fails')
    })
    await using client = await server.connect()
    await subscribe(client, 'presence-a', { userId: '1' })
    await server.publish('presence-a', 'e', '')
    const first = ['connection_opened', 'subscribed', 'channel_occupied', 'member_added', 'published']
    expect(seen).toEqual(first)
    stop()
    await client.close()
    await server.publish('presence-a', 'e', '')
    expect(seen).toEqual(first)
  })
})

describe('close()', () => {
  it('may be called at any time and any number of times', async () => {
    const idle = createServer(options)
    await Promise.all([idle.close(), idle.close()])
    const server = createServer(options)
    await server.listen()
    const { port } = server
    await using client = await RawClient.connect(`${server.url.replace('http', 'ws')}/app/key1?protocol=7`)
    await client.established()
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()])
    await server.close()
    expect(await client.closed()).toMatchObject({ code: 4200 })
    await using successor = createServer({ ...options, port })
    await successor.listen()
  })

  it('leaves nothing listening when it comes during listen()', async () => {
    await using first = createServer({ ...options, metrics: { port: 0 } })
    await first.listen()
    const ports = { port: first.port, metrics: { port: Number(new URL(first.metricsUrl ?? '').port) } }
    await first.close()
    const server = createServer({ ...options, ...ports })
    await Promise.allSettled([server.listen(), server.close()])
    await using successor = createServer({ ...options, ...ports })
    await successor.listen()
  })

  it('ends connections that are open without a word, in time', async () => {
    const server = createServer({ ...options, shutdownTimeoutSeconds: 0.2 })
    await server.listen()
    const sockets = [net.connect(server.port, '127.0.0.1'), net.connect(server.port, '127.0.0.1')]
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    const closed = sockets.map(
      (socket) => new Promise((resolve) => socket.on('error', resolve).on('close', resolve)),
    )
    sockets[1]?.write('POST /apps/app1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n')
    await using stubborn = await RawClient.connect(`ws://127.0.0.1:${server.port}/app/key1?protocol=7`, {
      answerClose: false,
    })
    await stubborn.established()
    await server.close()
    await Promise.all(closed)
    await stubborn.closed()
  })

  it.each([
    ['a server that was never used', ''],
    ['a server that was only closed', 'await server.close()'],
    [
      'a server that was used and closed',
      `await server.listen()
      const socket = new WebSocket(server.url.replace('http', 'ws') + '/app/key1?protocol=7')
      await new Promise((resolve) => socket.on('message', resolve))
      socket.send('{"event":"pusher:subscribe","data":{"channel":"cache-a"}}')
      await new Promise((resolve) => socket.on('message', resolve))
      await server.publish('app1', { channels: ['cache-a'], name: 'e', data: '' })
      await fetch(server.url + '/up').then((answer) => answer.text())
      await fetch(server.metricsUrl).then((answer) => answer.text())
      await server.close()`,
    ],
  ])('leaves nothing that keeps the process: %s', async (_, steps) => {
    const script = `
      import { createServer } from 'pogo-websocket'
      import { WebSocket } from 'ws'
      const server = createServer({ port: 0, metrics: { port: 0 }, apps: [${JSON.stringify(app1)}] })
      ${steps}
      process.on('beforeExit', () => console.log('nothing is left'))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 })
    expect(stdout).toBe('nothing is left\n')
  })
})
