import { describe, expect, it } from 'vitest'
import { encodeFrame, OPCODE } from '../support/frame-codec.js'
import type { RawClient } from '../support/raw-client.js'
import { expectRefused, isEvent, isSuccess, startServer, subscribe } from '../support/test-server.js'

const subscribeText = '{"event":"pusher:subscribe","data":{"channel":"news"}}'

/** Lists within lists. */
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('frames of a client', () => {
  // covers: WIRE-13
  it('may not be binary: the connection is closed with 1003 and the message is not read', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    client.sendBinary(subscribeText)
    expect(await client.closed()).toMatchObject({ code: 1003 })
    expect(client.inbox.items.some(isSuccess('news'))).toBe(false)
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
    await other.barrier()
  })

  // covers: WIRE-15
  it.each<[string, number[]]>([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a character that breaks off', [0xe2, 0x82]],
  ])('are closed with 1007 when they hold %s, and nothing is relayed', async (_, bytes) => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    for (const each of [client, other]) await subscribe(each, 'private-room')
    const start = Buffer.from('{"event":"client-x","channel":"private-room","data":"')
    client.sendFrame(Buffer.concat([start, Buffer.from(bytes), Buffer.from('"}')]))
    expect(await client.closed()).toMatchObject({ code: 1007 })
    await other.expectNothing('client-x')
  })

  // covers: WIRE-21
  it.each<[string, (client: RawClient) => void]>([
    ['not masked', (client) => client.sendFrame(subscribeText, { masked: false })],
    ['marked with RSV1', (client) => client.sendFrame(subscribeText, { rsv: 4 })],
    ['marked with RSV2', (client) => client.sendFrame(subscribeText, { rsv: 2 })],
    ['marked with RSV3', (client) => client.sendFrame(subscribeText, { rsv: 1 })],
    ['of opcode 3', (client) => client.sendFrame(subscribeText, { opcode: 3 })],
    ['of opcode 11', (client) => client.sendFrame(subscribeText, { opcode: 11 })],
    ['a fragment of a ping', (client) => client.sendFrame('x', { opcode: OPCODE.ping, fin: false })],
    ['a ping of 126 bytes', (client) => client.ping('x'.repeat(126))],
    ['a continuation of nothing', (client) => client.sendFrame('x', { opcode: OPCODE.continuation })],
    ['a close frame of one byte', (client) => client.sendFrame('x', { opcode: OPCODE.close })],
  ])('are closed with 1002 when they are %s', async (_, send) => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    send(client)
    expect(await client.closed()).toMatchObject({ code: 1002 })
    expect(client.inbox.items.some(isSuccess('news'))).toBe(false)
    await other.barrier()
  })

  it('are joined when they are fragments, with control frames between them served as they come', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const bytes = Buffer.from('{"event":"client-x","channel":"private-room","data":"Zoë 🚀"}')
    const parts = [...bytes].map((byte) => Buffer.from([byte]))
    await using other = await server.connect()
    for (const each of [client, other]) await subscribe(each, 'private-room')
    client.sendFragments(parts, encodeFrame('between', { opcode: OPCODE.ping }))
    expect((await other.next('client-x')).data).toBe('Zoë 🚀')
    await client.barrier()
    expect(client.pongs.items.map(String)).toEqual(Array.from({ length: parts.length - 1 }, () => 'between'))
  })

  it('may come byte by byte, and many in one packet', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const byte of encodeFrame(subscribeText)) client.sendRaw(Buffer.from([byte]))
    await client.next(isSuccess('news'))
    const ping = '{"event":"pusher:ping"}'
    client.sendRaw(Buffer.concat(Array.from({ length: 1_000 }, () => encodeFrame(ping))))
    await client.inbox.nextMany((frame) => frame.event === 'pusher:pong', 1_000)
  })

  // covers: WIRE-16
  it('are closed with 1009 when a client event has 1 MiB, and others notice nothing', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    for (const each of [client, other]) await subscribe(each, 'private-room')
    client.send({ event: 'client-big', channel: 'private-room', data: 'x'.repeat(1_048_576) })
    expect(await client.closed()).toMatchObject({ code: 1009 })
    await other.expectNothing(() => true)
    await using next = await server.connect()
    await subscribe(next, 'private-room')
    next.send({ event: 'client-small', channel: 'private-room', data: 'x' })
    await other.next('client-small')
  })

  // covers: WIRE-16
  it('are closed with 1009 as soon as their header or their fragments say that they are too large', async () => {
    await using server = await startServer()
    for (const claimedLength of [200_000, 2 ** 31, 2 ** 40]) {
      await using client = await server.connect()
      client.sendFrame('', { claimedLength })
      const { code } = await client.closed()
      expect(code).toBe(1009)
    }
    await using client = await server.connect()
    client.sendFrame('x'.repeat(60_000), { fin: false })
    client.sendFrame('x'.repeat(60_000), { opcode: OPCODE.continuation, fin: false })
    expect(await client.closed()).toMatchObject({ code: 1009 })
  })

  it('may hold a client event of the full size in its longest spelling', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    for (const each of [client, other]) await subscribe(each, 'private-room')
    const spelled = '\\u0041'.repeat(10_240)
    client.sendText(`{"event":"client-x","channel":"private-room","data":"${spelled}"}`)
    expect((await other.next('client-x')).data).toBe('A'.repeat(10_240))
    client.sendText(`{"event":"client-x","channel":"private-room","data":"${spelled}\\u0041"}`)
    await expectRefused(client)
    await other.expectNothing('client-x')
  })

  // covers: WIRE-17
  it('may be nested ever so deep without harm to anybody else', async () => {
    await using server = await startServer()
    await using other = await server.connect()
    await subscribe(other, 'private-room')
    const deep = nested(40_000)
    const texts = [
      '['.repeat(100_000),
      '['.repeat(90_000),
      deep,
      `{"event":${deep}}`,
      `{"event":"pusher:subscribe","data":${deep}}`,
      `{"event":"pusher:subscribe","data":{"channel":${deep}}}`,
      `{"event":"pusher:subscribe","data":{"channel":"private-x","auth":${deep}}}`,
      `{"event":"pusher:subscribe","data":"${deep}"}`,
      `{"event":"pusher:ping","data":${deep}}`,
      `{"event":"client-x","channel":"private-room","data":${deep}}`,
      '{"a":'.repeat(18_000),
      `${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`,
    ]
    for (const text of texts) {
      await using client = await server.connect()
      await subscribe(client, 'private-room')
      client.sendText(text)
      client.send({ event: 'pusher:ping' })
      await client.next((frame) => frame.event === 'pusher:pong').catch(() => client.closed())
    }
    await other.expectNothing('client-x')
    await server.publish('private-room', 'n', 'x')
    await other.next(isEvent('private-room', 'n'))
  })
})
