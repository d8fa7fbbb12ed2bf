import type { AppManager } from 'pogo-websocket/contracts'
import { describe, expect, it } from 'vitest'
import { userAuth } from './support/auth.js'
import { PlainSocket } from './support/plain-socket.js'
import type { RawClient } from './support/raw-client.js'
import type { Replacements } from './support/replaced-parts.js'
import { adapterWith, Gate } from './support/replaced-parts.js'
import { app1, isSuccess, sendSubscribe, signIn, startServer, subscribe } from './support/test-server.js'
import type { TestServer } from './support/test-server.js'
import { until } from './support/until.js'

const WATCHLIST = 'pusher_internal:watchlist_events'

/** Names of the events a client got on a channel, its success among them, in order. */
function eventsAt(client: RawClient, channel: string): string[] {
  return client.inbox.items.filter((frame) => frame.channel === channel).map(({ event }) => event)
}

/** Sends a right sign-in and waits for no answer. */
function sendSignIn(client: RawClient, id: string): void {
  const userData = JSON.stringify({ id })
  const auth = userAuth(app1, client.socketId, userData)
  client.send({ event: 'pusher:signin', data: { auth, user_data: userData } })
}

/** Closes a server whose part hangs at a gate, and fails when that takes much longer than its 0.3 seconds. */
async function expectClose(server: TestServer, gate: Gate): Promise<void> {
  let isClosed = false
  void server.close().then(() => (isClosed = true))
  try {
    await gate.reached
    await until(() => isClosed, Boolean, 3_000)
  } finally {
    gate.open() // whatever came of it, nothing may hang on
  }
}

describe('a joiner of a cache channel whose part is slow', () => {
  const slowSubscribe = (gate: Gate): Replacements => ({
    broker: (broker) => ({
      async subscribe(appId, topic) {
        await gate.pass()
        await broker.subscribe(appId, topic)
      },
    }),
  })
  const slowJoin = (gate: Gate): Replacements => ({
    store: (store) => ({
      async join(appId, request) {
        await gate.pass()
        return store.join(appId, request)
      },
    }),
  })
  const slowAnswer = (gate: Gate): Replacements => ({
    store: (store) => ({
      async join(appId, request) {
        const joined = await store.join(appId, request)
        await gate.pass()
        return joined
      },
    }),
  })

  it.each([
    ['interest', slowSubscribe, [], ['e1'], ['e1']],
    ['interest', slowSubscribe, [], ['e1', 'e2'], ['e2']],
    ['interest', slowSubscribe, ['e0'], ['e1', 'e2'], ['e2']],
    ['interest', slowSubscribe, ['e0'], [], ['e0']],
    ['membership', slowJoin, ['e0'], ['e1', 'e2'], ['e2']],
    ['answer', slowAnswer, ['e0'], ['e1', 'e2'], ['e0', 'e1', 'e2']],
    ['answer', slowAnswer, [], ['e1'], ['pusher:cache_miss', 'e1']],
  ])('gets each event once in order: slow %s, case %#', async (_, slow, before, between, expected) => {
    const gate = new Gate()
    await using server = await startServer({ adapter: adapterWith(slow(gate)) })
    await using client = await server.connect()
    for (const name of before) await server.publish('cache-x', name, {})
    sendSubscribe(client, 'cache-x')
    await gate.reached
    for (const name of between) await server.publish('cache-x', name, {})
    gate.open()
    await client.next(isSuccess('cache-x'))
    await server.publish('cache-x', 'last', {})
    await client.next('last')
    await client.barrier()
    const success = 'pusher_internal:subscription_succeeded'
    expect(eventsAt(client, 'cache-x')).toEqual([success, ...expected, 'last'])
  })
})

describe('close()', () => {
  it('ends in time although the store never lets a connection leave', async () => {
    const gate = new Gate()
    const adapter = adapterWith({
      store: (store) => ({
        async leave(appId, channel, socketId) {
          await gate.pass()
          return store.leave(appId, channel, socketId)
        },
      }),
    })
    await using server = await startServer({ adapter, shutdownTimeoutSeconds: 0.3 })
    await using client = await server.connect()
    await subscribe(client, 'news')
    await expectClose(server, gate)
    expect(await client.closed()).toMatchObject({ code: 4200 })
  })

  it('ends in time although the adapter never closes', async () => {
    const gate = new Gate()
    const adapter = adapterWith({ close: () => gate.pass() })
    await using server = await startServer({ adapter, shutdownTimeoutSeconds: 0.3 })
    await expectClose(server, gate)
  })

  it('resolves although the adapter fails to close', async () => {
    const adapter = adapterWith({ close: () => Promise.reject(new Error('it does not close')) })
    await using server = await startServer({ adapter })
    await server.close()
  })

  it('ends in time although the app of a handshake under way is never found', async () => {
    const gate = new Gate()
    const appManager: AppManager = {
      findById: async () => null,
      async findByKey() {
        await gate.pass()
        return null
      },
    }
    await using server = await startServer({ appManager, shutdownTimeoutSeconds: 0.3 })
    using socket = await PlainSocket.connect(server.port)
    const head = ['GET /app/key1 HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    await socket.write(`${head.join('\r\n')}\r\n${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`)
    await gate.reached
    await expectClose(server, gate)
    await socket.everything
  })
})

describe('a sign-in', () => {
  it('that failed at the watchlist is made good by the next one', async () => {
    let failures = 1
    const adapter = adapterWith({
      store: (store) => ({
        async online(appId, userIds) {
          if (failures-- > 0) throw new Error('not now')
          return store.online(appId, userIds)
        },
      }),
    })
    await using server = await startServer({ adapter, app1: { watchlist: true } })
    await using watcher = await server.connect()
    await using watched = await server.connect()
    await signIn(watcher, { id: 'u1', watchlist: ['u2'] })
    const { data } = await watcher.next('pusher:error')
    expect((data as { message: string }).message).toContain('try again')
    await signIn(watcher, { id: 'u1', watchlist: ['u2'] })
    expect((await watcher.next(WATCHLIST)).payload).toEqual({
      events: [{ name: 'offline', user_ids: ['u2'] }],
    })
    await signIn(watched, { id: 'u2' })
    expect((await watcher.next(WATCHLIST)).payload).toEqual({
      events: [{ name: 'online', user_ids: ['u2'] }],
    })
    await watcher.expectNothing(WATCHLIST)
  })

  it('that is under way does not outlive the termination of its user', async () => {
    const gate = new Gate()
    const adapter = adapterWith({
      store: (store) => ({
        async signIn(appId, userId, socketId) {
          const isFirst = await store.signIn(appId, userId, socketId)
          await gate.pass()
          return isFirst
        },
      }),
    })
    await using server = await startServer({ adapter })
    await using client = await server.connect()
    await using other = await server.connect()
    sendSignIn(client, 'u1')
    await gate.reached
    const answer = await server.api('/users/u1/terminate_connections', { body: {} })
    expect(answer.status).toBe(200)
    gate.open()
    expect(await client.closed()).toMatchObject({ code: 4009 })
    await until(
      () => adapter.store.online(app1.id, ['u1']),
      (online) => online.size === 0,
    )
    await other.barrier()
  })
})
