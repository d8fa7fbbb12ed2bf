import { describe, expect, it } from 'vitest'
import { channelAuth, hmacHex, presenceData } from '../support/auth.js'
import { connectCrowd } from '../support/crowd.js'
import { encodeFrame } from '../support/frame-codec.js'
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
    const waits: number[] = [] // in milliseconds of this process, so that others on the machine do not count
    for (let round = 0; round < 5; round++) {
      for (const frame of frames) flooder.sendRaw(frame)
      const before = process.cpuUsage()
      await server.publish('news', 'n', String(round))
      for (const client of crowd) await client.next('n')
      const { user, system } = process.cpuUsage(before)
      waits.push((user + system) / 1_000)
    }
    waits.sort((a, b) => a - b)
    expect(waits[2]).toBeLessThan(100)
    await expectRefused(flooder)
  })
})
