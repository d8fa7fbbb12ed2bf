import { describe, expect, it } from 'vitest'
import { channelAuth, hmacHex, presenceData } from '../support/auth.js'
import { connectCrowd } from '../support/crowd.js'
import { encodeFrame } from '../support/frame-codec.js'
import { sendRequest } from '../support/http-client.js'
import { rosterOf } from '../support/presence.js'
import { RawClient } from '../support/raw-client.js'
import { RecordingLogger } from '../support/recording-logger.js'
import {
  app1,
  app2,
  everythingOn,
  expectRefused,
  isEvent,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'

const prototypeKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
] as const

describe('names that objects inherit', () => {
  // covers: SEC-08
  it.each(prototypeKeys)('are ordinary: %s as channel, event, member and user', async (name) => {
    await using server = await startServer(everythingOn())
    await using client = await server.connect()
    await using other = await server.connect()
    for (const channel of [name, `cache-${name}`, `private-${name}`]) {
      expect((await server.api(`/channels/${channel}`)).json).toEqual({ occupied: false })
      await subscribe(client, channel)
      await server.publish(channel, name, name)
      const { message } = await client.next(isEvent(channel, name))
      expect(message).toEqual({ event: name, channel, data: name })
    }
    const channel = `presence-${name}`
    await subscribe(client, channel, { userId: name, userInfo: { [name]: name } })
    const roster = rosterOf(await subscribe(other, channel, { userId: 'other' }))
    expect(new Set(roster.ids)).toEqual(new Set([name, 'other']))
    expect(new Set(Object.keys(roster.hash))).toEqual(new Set([name, 'other']))
    expect((await server.api(`/channels/${channel}/users`)).json).toEqual({
      users: expect.arrayContaining([{ id: name }, { id: 'other' }]) as unknown,
    })
    await signIn(other, { id: 'other', watchlist: [name] })
    await signIn(client, { id: name, watchlist: ['other'] })
    await server.publish(`#server-to-user-${name}`, name, 'x')
    await client.next(isEvent(`#server-to-user-${name}`, name))
    const list = await server.api('/channels')
    expect(Object.keys((list.json as { channels: object }).channels)).toHaveLength(4)
    expect((await server.api(`/users/${name}/terminate_connections`, { method: 'POST' })).status).toBe(200)
    expect(await client.closed()).toMatchObject({ code: 4009 })
  })

  // covers: SEC-08
  it.each(prototypeKeys)('are unknown or ignored: %s in requests', async (name) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'presence-x', { userId: '7' })
    const statusOf = async (path: string, request: object = {}): Promise<number> =>
      (await server.api(path, request)).status
    expect(await statusOf('/channels', { app: { ...app1, id: name } })).toBe(404)
    expect(await statusOf('/channels', { app: { ...app1, key: name } })).toBe(401)
    expect(await statusOf('/channels/presence-x', { query: { info: name } })).toBe(400)
    expect(await statusOf('/channels', { query: { [name]: name } })).toBe(200)
    expect(await statusOf(`/${name}`)).toBe(404)
    expect(await statusOf(`/channels/presence-x/${name}`)).toBe(404)
    const event = `{"name":"n","channel":"presence-x","data":"x","${name}":{"channels":["y"],"socket_id":"1.1"}}`
    expect(await statusOf('/events', { body: event })).toBe(200)
    await client.next('n')
    const info = { name: 'n', channel: 'presence-x', data: 'x', info: name }
    const { status, json } = await server.api('/events', { body: info })
    expect(status === 400 || JSON.stringify(json).length < 50).toBe(true)
    expect(await statusOf('/events', { body: { name: 'n', channel: 'x', data: { [name]: 1 } } })).not.toBe(
      500,
    )
  })

  // covers: SEC-08
  it('are ordinary as the id and key of an app', async () => {
    const app = { id: '__proto__', key: 'constructor', secret: 's' }
    await using server = await startServer({ moreApps: [app] })
    await using client = await server.connect(app.key)
    await subscribe(client, 'private-x', { app })
    await server.publish('private-x', 'n', 'x', {}, app)
    await client.next('n')
  })
})

describe('what receivers can see', () => {
  // covers: SEC-07, SEC-15
  it('is never the socket id of anybody else', async () => {
    await using server = await startServer(everythingOn())
    await using a = await server.connect()
    await using b = await server.connect()
    for (const [client, userId] of [
      [a, 'ada'],
      [b, 'bo'],
    ] as const) {
      await signIn(client, { id: userId, watchlist: ['ada', 'bo'] })
      await subscribe(client, 'cache-news')
      await subscribe(client, 'presence-room', { userId, userInfo: { name: userId } })
    }
    const channels = ['cache-news', 'presence-room']
    await server.publish(channels, 'n', 'x', { socket_id: a.socketId })
    const batch = channels.map((channel) => ({ channel, name: 'n', data: 'y', socket_id: a.socketId }))
    await server.api('/batch_events', { body: { batch } })
    a.send({ event: 'client-x', channel: 'presence-room', data: 'x', socket_id: a.socketId })
    await b.next('client-x')
    await using late = await server.connect()
    await subscribe(late, 'cache-news')
    await late.next(isEvent('cache-news', 'n'))
    await subscribe(late, 'presence-room', { userId: 'late' })
    await a.close()
    await b.next('pusher_internal:member_removed')
    const texts = (client: RawClient): string => client.inbox.items.map((frame) => frame.text).join('\n')
    expect(texts(b)).not.toContain(a.socketId)
    expect(texts(late)).not.toContain(a.socketId)
    expect(texts(late)).not.toContain(b.socketId)
    expect(a.inbox.items.filter((frame) => frame.event === 'n')).toHaveLength(0)
    for (const path of ['/channels', '/channels/cache-news', '/channels/presence-room/users']) {
      const { text } = await server.api(path, path.endsWith('cache-news') ? { query: { info: 'cache' } } : {})
      for (const client of [a, b, late]) expect(text).not.toContain(client.socketId)
    }
  })

  // covers: SEC-14
  it('is never a secret or an expected signature, in no answer and no line of the log', async () => {
    const logger = new RecordingLogger()
    await using server = await startServer({ logger, app1: { subscriptionErrors: 'both' } })
    await using client = await server.connect()
    const { socketId } = client
    const data = presenceData('7')
    const expected = [
      hmacHex(app1.secret, `${socketId}:private-x`),
      hmacHex(app1.secret, `${socketId}:presence-x:${data}`),
      hmacHex(app1.secret, `${socketId}::user::{"id":"7"}`),
    ]
    const shown: string[] = []
    for (const auth of [
      'key1:00',
      `key1:${'0'.repeat(64)}`,
      'key2:00',
      'x',
      channelAuth(app2, socketId, 'private-x'),
    ]) {
      client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth } })
      client.send({ event: 'pusher:subscribe', data: { channel: 'presence-x', auth, channel_data: data } })
      client.send({ event: 'pusher:signin', data: { auth, user_data: '{"id":"7"}' } })
    }
    await client.barrier()
    const tampers = [
      { auth_signature: '0'.repeat(64) },
      { auth_signature: 'x' },
      { auth_signature: null },
      { auth_key: 'key2' },
      { auth_key: 'nobody' },
      { auth_timestamp: '1' },
      { auth_version: '2.0' },
      { body_md5: '0'.repeat(32) },
    ]
    const body = { name: 'n', channel: 'x', data: 'x' }
    for (const tamper of tampers) {
      const answer = await server.api('/events', { body, tamper, timestamp: Math.floor(Date.now() / 1000) })
      expect(answer.status).toBe(401)
      shown.push(answer.text, JSON.stringify(answer.headers))
    }
    for (const target of [
      '/',
      '/apps',
      '/apps/app1',
      '/apps/app1/channels',
      '/up',
      '/metrics',
      '/app/key1',
    ]) {
      const answer = await server.get(target)
      shown.push(answer.text, JSON.stringify(answer.headers))
    }
    await using refused = await RawClient.connect(server.appUrl('nobody'))
    await refused.closed()
    shown.push(...[...client.inbox.items, ...refused.inbox.items].map((frame) => frame.text), logger.text)
    const all = shown.join('\n')
    expect(client.inbox.items.length).toBeGreaterThan(15)
    expect(all).not.toContain(app1.secret)
    expect(all).not.toContain(app2.secret)
    for (const signature of expected) expect(all).not.toContain(signature)
  })
})

describe('a client that floods the server', () => {
  // covers: SEC-09
  it('does not keep the others waiting', async () => {
    await using server = await startServer()
    await using flooder = await server.connect()
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'news')
    const garbage = [
      'hello',
      '[]',
      '{"event":5}',
      '{"event":"pusher:subscribe"}',
      '{"event":"foo","data":"x"}',
    ]
    const frames = Array.from({ length: 1_000 }, (_, index) => encodeFrame(garbage[index % garbage.length]!))
    const waits: number[] = []
    for (let round = 0; round < 5; round++) {
      for (const frame of frames) flooder.sendRaw(frame)
      const startedAt = performance.now()
      await server.publish('news', 'n', String(round))
      for (const client of crowd) await client.next('n')
      waits.push(performance.now() - startedAt)
    }
    waits.sort((a, b) => a - b)
    expect(waits[2]).toBeLessThan(100)
    await expectRefused(flooder)
  })
})

describe('requests that are too large', () => {
  // covers: SEC-13
  it('are answered with 413 when the body has 20 MB, with or without its length in front', async () => {
    await using server = await startServer()
    const body = Buffer.alloc(20_000_000, 'x')
    expect((await server.api('/events', { body })).status).toBe(413)
    expect((await server.api('/events', { body, chunkBytes: 65_536 })).status).toBe(413)
    await using client = await server.connect()
    await client.barrier()
  })

  // covers: SEC-13
  it('are answered before the body has come when its length says too much', async () => {
    await using server = await startServer()
    const headers = [['Content-Length', String(10 ** 12)]] as const
    const answer = await sendRequest(server.url, 'PUT', '/apps/app1/events', '', { headers })
    expect(answer.status).toBe(413)
  })

  // covers: SEC-13
  it('are refused when the headers have 20 MB', async () => {
    await using server = await startServer()
    const headers = [['X-Long', 'x'.repeat(20_000_000)]] as const
    const outcome = await sendRequest(server.url, 'GET', '/up', '', { headers }).then(
      ({ status }) => status,
      () => 'cut off',
    )
    expect([431, 'cut off']).toContain(outcome)
    const handshake = RawClient.connect(server.appUrl(), { headers: { Cookie: 'x'.repeat(200_000) } })
    const status = await handshake.then(
      async (client) => {
        await client[Symbol.asyncDispose]()
        return client.handshake.status
      },
      () => 'cut off',
    )
    expect([431, 'cut off']).toContain(status)
    await using client = await server.connect()
    await client.barrier()
  })
})
