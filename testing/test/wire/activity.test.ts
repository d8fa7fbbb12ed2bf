import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

const ping = { event: 'pusher:ping', data: {} }

describe('pings and activity', () => {
  // covers: CONN-23
  it.each(['', 'hello', '\u0000\u00ff', 'x'.repeat(125)])(
    'answers a WebSocket ping of %j with the same bytes',
    async (payload) => {
      await using server = await startServer()
      await using client = await server.connect()
      client.ping(payload)
      expect((await client.pongs.next(() => true)).toString()).toBe(payload)
    },
  )

  // covers: CONN-24, CONN-25, CONN-26
  it('answers pusher:ping with whatever data before any subscription, always with the same frame', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const frames = [
      '{"event":"pusher:ping","data":{}}',
      '{"event":"pusher:ping"}',
      '{"event":"pusher:ping","data":"{}"}',
      '{"event":"pusher:ping","data":null}',
      '{"event":"pusher:ping","data":[1]}',
      '{"data":7,"event":"pusher:ping","channel":"news"}',
    ]
    for (const frame of frames) {
      client.sendText(frame)
      const { text } = await client.next('pusher:pong', { timeoutMs: 1_000 })
      expect(text).toBe('{"event":"pusher:pong","data":{}}')
    }
  })

  // covers: CONN-28
  it('keeps a silent client that answers WebSocket pings', async () => {
    await using server = await startServer({ pingIntervalSeconds: 0.02, pongTimeoutSeconds: 0.5 })
    await using client = await server.connect()
    const startedAt = Date.now()
    const enough = 3 * (20 + 500)
    // Each further ping shows that the pong before it was taken: after an unanswered one comes a close.
    while (Date.now() - startedAt < enough) await client.pings.next(() => true)
    await client.expectNothing(() => true)
  })

  // covers: CONN-29
  it('pings a client that went silent, then closes with 4201 when nothing comes back', async () => {
    await using server = await startServer({ pingIntervalSeconds: 0.1, pongTimeoutSeconds: 0.2 })
    await using client = await server.connect('key1', { answerPings: false })
    await subscribe(client, 'news')
    const lastFrameAt = Date.now()
    await client.pings.next(() => true)
    const closing = await client.closed()
    expect(closing).toEqual({ code: 4201, reason: 'Pong reply not received in time' })
    expect(Date.now() - lastFrameAt).toBeGreaterThanOrEqual(280) // the two times, less what a tick may round off
    const answer = await server.api('/channels/news')
    expect(answer.json).toEqual({ occupied: false })
  })

  it('asks after the activity timeout when that is shorter than the ping interval', async () => {
    await using server = await startServer({ activityTimeoutSeconds: 1, pingIntervalSeconds: 60 })
    await using client = await server.connect()
    await client.pings.next(() => true, { timeoutMs: 4_000 })
  })

  // covers: CONN-31, CONN-32
  it.each<[string, (client: RawClient) => void]>([
    ['pusher:ping', (client) => client.send(ping)],
    ['pusher:pong', (client) => client.send({ event: 'pusher:pong', data: {} })],
    ['a WebSocket ping', (client) => client.ping('x')],
    ['an unsolicited WebSocket pong', (client) => client.pong('other bytes')],
    ['a subscription', (client) => client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })],
    ['something that is refused', (client) => client.sendText('hello')],
  ])('takes %s as the answer to its WebSocket ping', async (_, answer) => {
    await using server = await startServer({ pingIntervalSeconds: 0.03, pongTimeoutSeconds: 2 })
    await using client = await server.connect('key1', { answerPings: false })
    for (let round = 0; round < 4; round++) {
      // A second ping is sent only when something came after the first.
      await client.pings.next(() => true)
      answer(client)
    }
    expect(client.isClosed).toBe(false)
  })

  // covers: CONN-32, CONN-33
  it.each([{ data: {} }, { data: '{}' }, { data: null }, {}, { data: [[]], channel: 7 }])(
    'takes pusher:pong with %j in silence, asked for or not',
    async (members) => {
      await using server = await startServer()
      await using client = await server.connect()
      client.send({ event: 'pusher:pong', ...members })
      await client.expectNothing(() => true)
    },
  )

  it('counts what the server sends as no sign of life of the client', async () => {
    await using server = await startServer({ pingIntervalSeconds: 0.05, pongTimeoutSeconds: 0.1 })
    await using client = await server.connect('key1', { answerPings: false })
    await subscribe(client, 'news')
    await until(
      async () => {
        await server.publish('news', 'tick', 'x')
        return client.isClosed
      },
      (isClosed) => isClosed,
    )
    expect(client.closeFrame).toMatchObject({ code: 4201 })
  })

  it('loses and reorders nothing when its own pings fall between the events of a busy channel', async () => {
    await using server = await startServer({ pingIntervalSeconds: 0.01, pongTimeoutSeconds: 5 })
    await using client = await server.connect()
    await subscribe(client, 'news')
    let sent = 0
    while (sent < 500 || client.pings.items.length < 3) {
      await Promise.all(
        Array.from({ length: 10 }, () =>
          server.server.publish('app1', { channels: ['news'], name: 'n', data: String(sent++) }),
        ),
      )
      await client.next((frame) => frame.data === String(sent - 1))
    }
    const numbers = client.inbox.items.filter(isEvent('news', 'n')).map((frame) => Number(frame.data))
    expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index))
  })
})
