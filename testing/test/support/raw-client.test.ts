import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { encodeFrame, OPCODE } from './frame-codec.js'
import { RawClient } from './raw-client.js'

const established =
  '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.2\\",\\"activity_timeout\\":120}"}'

/** A server that says hello, answers `pusher:ping`, and otherwise does what `onText` says. */
async function startStub(onText: (socket: WebSocket, text: string) => void = () => undefined) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.send(established)
    socket.on('message', (raw: Buffer) => {
      const text = raw.toString()
      if (text.includes('pusher:ping')) socket.send('{"event":"pusher:pong","data":{}}')
      else onText(socket, text)
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/app/key`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const event = (name: string): string => JSON.stringify({ event: name, channel: 'c', data: '{}' })

describe('RawClient', () => {
  it('hands out each frame once, in any order', async () => {
    await using stub = await startStub((socket) => {
      for (const name of ['a', 'b', 'a']) socket.send(event(name))
    })
    await using client = await RawClient.connect(stub.url)
    expect(await client.established()).toBe('1.2')
    client.sendText('go')
    expect((await client.next('b')).payload).toEqual({})
    await client.next('a')
    await client.next('a')
    await client.expectNothing(() => true)
  })

  it('shows every frame when a wait fails', async () => {
    await using stub = await startStub((socket) => {
      socket.send(event('other'))
    })
    await using client = await RawClient.connect(stub.url)
    await client.established()
    client.sendText('go')
    await expect(client.next('wanted', { timeoutMs: 100 })).rejects.toThrow(/`wanted`[^]*"event":"other"/)
  })

  it('notices an unexpected frame without waiting for a duration', async () => {
    await using stub = await startStub((socket) => {
      socket.send(event('surprise'))
    })
    await using client = await RawClient.connect(stub.url)
    await client.established()
    client.sendText('go')
    await expect(client.expectNothing('surprise')).rejects.toThrow('surprise')
  })

  // Every raw client of the suite checks every frame in this way.
  // covers: WIRE-20
  it.each([
    ['is not JSON', 'hello'],
    ['has no event', '{}'],
    ['carries data as an object', '{"event":"e","channel":"c","data":{}}'],
    ['carries an undocumented member', '{"event":"e","channel":"c","data":"{}","socket_id":"1.2"}'],
    ['is an error without a message', '{"event":"pusher:error","data":{"code":null}}'],
  ])('fails when a frame of the server %s', async (_, text) => {
    await using stub = await startStub((socket) => {
      socket.send(text)
    })
    const client = await RawClient.connect(stub.url)
    await client.established()
    client.sendText('go')
    await expect(client.next('e')).rejects.toThrow('breaks the protocol')
    await expect(client[Symbol.asyncDispose]()).rejects.toThrow('breaks the protocol')
  })

  it('says that the connection is closed instead of waiting for frames', async () => {
    await using server = await startStub()
    const client = await RawClient.connect(server.url)
    await client.established()
    await client.close()
    expect(client.isClosed).toBe(true)
    await expect(client.next('x')).rejects.toThrow('closed (1000')
  })

  it('sends fragments with a ping between them, and gets both answered', async () => {
    await using stub = await startStub((socket, text) => {
      socket.send(event(text))
    })
    await using client = await RawClient.connect(stub.url)
    await client.established()
    client.sendFragments(['fra', 'gmen', 'ted'], encodeFrame('mid', { opcode: OPCODE.ping }))
    await client.next('fragmented')
    expect((await client.pongs.next(() => true)).toString()).toBe('mid')
  })

  it.each([
    ['unmasked', { masked: false }, 1002],
    ['with a reserved bit', { rsv: 4 }, 1002],
    ['with an unknown opcode', { opcode: 3 }, 1002],
  ])('sends a frame %s, and reports how the server ends that', async (_, shape, code) => {
    await using stub = await startStub()
    await using client = await RawClient.connect(stub.url)
    client.sendFrame('x', shape)
    expect((await client.closed()).code).toBe(code)
  })

  it('sends bytes that are no UTF-8', async () => {
    await using stub = await startStub()
    await using client = await RawClient.connect(stub.url)
    client.sendFrame(Buffer.from([0xc3, 0x28]))
    expect((await client.closed()).code).toBe(1007)
  })

  it('reports the code and reason of a close frame', async () => {
    await using stub = await startStub((socket) => {
      socket.close(4001, 'no such app')
    })
    await using client = await RawClient.connect(stub.url)
    client.sendText('go')
    expect(await client.closed()).toEqual({ code: 4001, reason: 'no such app' })
  })

  it('reports the status of a refused upgrade', async () => {
    await using stub = await startStub()
    await using client = await RawClient.connect(stub.url, { headers: { 'Sec-WebSocket-Version': '7' } })
    expect(client.handshake.status).toBe(400)
  })

  it('sends headers in the given spelling', async () => {
    await using stub = await startStub()
    await using client = await RawClient.connect(stub.url, {
      headers: { CONNECTION: 'keep-alive, Upgrade', uPGRADE: 'WebSocket', Origin: 'null' },
    })
    expect(client.handshake.status).toBe(101)
  })

  it('cuts the connection with a reset', async () => {
    await using stub = await startStub()
    await using client = await RawClient.connect(stub.url)
    client.destroy()
    expect((await client.closed()).code).toBe(1006)
  })
})
