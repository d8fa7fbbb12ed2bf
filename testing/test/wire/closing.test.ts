import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameDecoder, OPCODE } from '../support/frame-codec.js'
import { isMemberEvent, joinAs } from '../support/presence.js'
import { shakeHands } from '../support/raw-handshake.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { isEvent, isSuccess, sendSubscribe, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

/** Sends bytes behind the handshake and answers every frame until the server ends the connection. */
async function conversation(server: TestServer, ...frames: Buffer[]): Promise<string[]> {
  const { socket, rest } = await shakeHands(server.appUrl(), {})
  const decoder = new FrameDecoder()
  const seen = decoder.push(rest)
  socket.on('data', (chunk: Buffer) => seen.push(...decoder.push(chunk)))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(Buffer.concat(frames))
  await until(
    () => seen.some(({ opcode }) => opcode === OPCODE.close),
    (isOver) => isOver,
  )
  socket.end()
  await closed
  return seen.map(({ opcode, payload }) => {
    if (opcode === OPCODE.close) return `close ${payload.readUInt16BE(0)}`
    if (opcode === OPCODE.pong) return `pong ${payload.toString()}`
    return (JSON.parse(payload.toString()) as { event: string }).event
  })
}

const text = (message: unknown): Buffer => encodeFrame(JSON.stringify(message))
const closeFrame = (code: number): Buffer => {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return encodeFrame(payload, { opcode: OPCODE.close })
}

describe('the end of a connection', () => {
  // covers: CONN-34
  it.each([1000, 1001, 3000, 4000, 4999, undefined])(
    'answers a close frame with code %s and ends TCP within a second',
    async (code) => {
      await using server = await startServer()
      await using client = await server.connect('key1', { answerClose: false })
      client.sendClose(code, code === undefined ? '' : 'bye')
      expect(await client.closed({ timeoutMs: 1_000 })).toMatchObject({ code: code ?? 1005 })
    },
  )

  it.each([0, 999, 1004, 1005, 1006, 2999, 5000])(
    'closes with 1002 when a close frame carries the invalid code %s',
    async (code) => {
      await using server = await startServer()
      await using client = await server.connect()
      client.sendClose(code)
      expect(await client.closed()).toMatchObject({ code: 1002 })
    },
  )

  it('answers everything that came before a close frame, in order, then closes', async () => {
    await using server = await startServer()
    const pings = Array.from({ length: 20 }, () => text({ event: 'pusher:ping' }))
    const frames = await conversation(
      server,
      text({ event: 'pusher:subscribe', data: {} }),
      ...pings,
      encodeFrame('p1', { opcode: OPCODE.ping }),
      ...pings,
      encodeFrame('p2', { opcode: OPCODE.ping }),
      closeFrame(1000),
    )
    const pongs = Array.from({ length: 20 }, () => 'pusher:pong')
    const expected = ['pusher:error', ...pongs, 'pong p1', ...pongs, 'pong p2', 'close 1000']
    expect(frames).toEqual(['pusher:connection_established', ...expected])
  })

  it.each<[string, Buffer, string]>([
    ['a binary message', encodeFrame('x', { opcode: OPCODE.binary }), 'close 1003'],
    ['an unmasked frame', encodeFrame('x', { masked: false }), 'close 1002'],
    ['text that is not UTF-8', encodeFrame(Buffer.from([0xff])), 'close 1007'],
    ['a message that is too large', encodeFrame('x'.repeat(200_000)), 'close 1009'],
  ])('answers everything that came before %s', async (_, bad, closing) => {
    await using server = await startServer()
    const ping = text({ event: 'pusher:ping' })
    const frames = await conversation(server, ping, ping, bad)
    expect(frames).toEqual(['pusher:connection_established', 'pusher:pong', 'pusher:pong', closing])
  })

  it('delivers an event that was published before the client closed', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    for (const data of ['1', '2', '3']) {
      void server.server.publish('app1', { channels: ['news'], name: 'n', data })
    }
    client.sendClose(1000)
    expect(await client.closed()).toMatchObject({ code: 1000 })
    const seen = client.inbox.items.filter(isEvent('news', 'n')).map((frame) => frame.data)
    expect(seen).toEqual(['1', '2', '3'])
  })

  // covers: CONN-36
  it.each<[string, (client: RawClient) => void]>([
    ['a reset', (client) => client.destroy()],
    ['a close frame', (client) => client.sendClose(1000)],
    ['broken framing', (client) => client.sendFrame('x', { masked: false })],
    ['a binary message', (client) => client.sendBinary('x')],
  ])('takes a connection that ends with %s out of its channels, and tells the members', async (_, end) => {
    await using server = await startServer()
    await using stays = await server.connect()
    await using goes = await server.connect()
    await joinAs(stays, 'presence-room', '{"user_id":"1"}')
    await joinAs(goes, 'presence-room', '{"user_id":"2"}')
    await subscribe(goes, 'news')
    end(goes)
    const removed = await stays.next('pusher_internal:member_removed', { timeoutMs: 2_000 })
    expect(removed.payload).toEqual({ user_id: '2' })
    const expected = { channels: { 'presence-room': {} } }
    await until(
      async () => (await server.api('/channels')).json,
      (json) => JSON.stringify(json) === JSON.stringify(expected),
    )
    await goes.closed()
  })

  it('lets a connection go that ends while its subscriptions are under way', async () => {
    await using server = await startServer()
    await using stays = await server.connect()
    await joinAs(stays, 'presence-room', '{"user_id":"1"}')
    for (let round = 0; round < 20; round++) {
      await using goes = await server.connect()
      for (let i = 0; i < 20; i++) sendSubscribe(goes, `news-${i}`)
      sendSubscribe(goes, 'presence-room', { userId: `u${round}` })
      if (round % 2 === 0) goes.destroy()
      else goes.sendClose(1000)
      await goes.closed()
    }
    await until(
      async () => (await server.api('/channels')).json,
      (json) => JSON.stringify(json) === '{"channels":{"presence-room":{}}}',
    )
    const users = await server.api('/channels/presence-room/users')
    expect(users.json).toEqual({ users: [{ id: '1' }] })
    await stays.barrier()
    const events = stays.inbox.items.filter(isMemberEvent()).map((frame) => frame.event)
    const joined = events.filter((event) => event.endsWith('added')).length
    expect(events.length - joined).toBe(joined)
  })

  it('gives a client that comes back a new socket id and none of its former channels', async () => {
    await using server = await startServer()
    await using first = await server.connect()
    await subscribe(first, 'news')
    await first.close()
    await using second = await server.connect()
    expect(second.socketId).not.toBe(first.socketId)
    await server.publish('news', 'n', 'x')
    await second.expectNothing(isEvent('news', 'n'))
    await subscribe(second, 'news')
    expect(second.inbox.items.filter(isSuccess('news'))).toHaveLength(1)
  })
})
