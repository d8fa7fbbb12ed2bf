import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../support/frame-codec.js'
import type { TestServer } from '../support/test-server.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

const SUBSCRIBERS = 1000
const EVENTS = 1000

describe('a thousand subscribers', () => {
  // covers: LIMIT-09
  it('get each of a thousand events once and in order', { timeout: 60_000 }, async () => {
    await using server = await startServer()
    await using witness = await server.connect()
    await subscribe(witness, 'news')
    const readers = await Promise.all(
      Array.from({ length: SUBSCRIBERS }, () => Reader.subscribe(server, 'news')),
    )
    await using _all = {
      async [Symbol.asyncDispose]() {
        await Promise.all(readers.map((reader) => reader.close()))
      },
    }
    for (let at = 0; at < EVENTS; at += 10) {
      const batch = Array.from({ length: 10 }, (_, index) => ({
        name: 'e',
        channel: 'news',
        data: `${at + index}`,
      }))
      const answer = await server.api('/batch_events', { body: { batch } })
      expect(answer.status).toBe(200)
    }
    const frames = await witness.inbox.nextMany(isEvent('news', 'e'), EVENTS, { timeoutMs: 30_000 })
    expect(frames.map(({ data }) => Number(data))).toEqual(
      Array.from({ length: EVENTS }, (_, index) => index),
    )
    // What goes to all is the same bytes for each.
    const expected = Buffer.concat(frames.map(({ text }) => encodeFrame(text, { masked: false })))
    await until(
      () => readers.filter(({ bytes }) => bytes < expected.length).length,
      (missing) => missing === 0,
      30_000,
    )
    expect(readers.filter((reader) => !reader.received().equals(expected))).toEqual([])
  })
})

/** A subscriber that keeps bytes and looks at none. */
class Reader {
  bytes = 0
  readonly #chunks: Buffer[] = []

  private constructor(private readonly socket: net.Socket) {}

  static async subscribe(server: TestServer, channel: string): Promise<Reader> {
    const socket = net.connect(server.port, '127.0.0.1')
    const reader = new Reader(socket)
    socket.write(
      'GET /app/key1?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    socket.write(encodeFrame(JSON.stringify({ event: 'pusher:subscribe', data: { channel } })))
    let head = ''
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject)
      const onHead = (chunk: Buffer): void => {
        head += chunk.toString('latin1')
        if (!head.includes('subscription_succeeded')) return
        socket.off('data', onHead)
        resolve()
      }
      socket.on('data', onHead)
    })
    socket.on('data', (chunk: Buffer) => {
      reader.bytes += chunk.length
      reader.#chunks.push(chunk)
    })
    return reader
  }

  received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once('close', () => {
        resolve()
      })
      this.socket.destroy()
    })
  }
}
