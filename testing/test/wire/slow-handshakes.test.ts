import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { startServer, subscribe } from '../support/test-server.js'
import { makeCertificate, TlsPair } from '../support/tls-pair.js'
import { until } from '../support/until.js'

/** Opens a connection that sends only this, and tells when the server ended it. */
function stall(port: number, text: string): { readonly open: Promise<void>; readonly closed: Promise<void> } {
  const socket = net.connect({ port, host: '127.0.0.1' })
  const open = new Promise<void>((resolve) => socket.once('connect', resolve))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined).resume()
  if (text !== '') socket.write(text)
  return { open, closed }
}

const unfinished = [
  '',
  'GET',
  'GET /app/key1 HTTP/1.1\r\n',
  'GET /app/key1?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
]

describe('connections whose request never ends', () => {
  // covers: SEC-11
  it.concurrent('keep nobody out, and are closed within 30 seconds', { timeout: 40_000 }, async () => {
    await using server = await startServer()
    const stalled = Array.from({ length: 200 }, (_, index) => stall(server.port, unfinished[index % 4]!))
    await Promise.all(stalled.map(({ open }) => open))
    const startedAt = Date.now()
    await using client = await server.connect()
    await subscribe(client, 'news')
    expect((await server.get('/up')).status).toBe(200)
    await Promise.all(stalled.map(({ closed }) => closed))
    expect(Date.now() - startedAt).toBeLessThan(30_000)
    await client.barrier()
  })

  it.concurrent('are closed as soon when it is the TLS handshake', { timeout: 40_000 }, async () => {
    await using pair = await TlsPair.write(await makeCertificate())
    await using server = await startServer({ tls: pair.files })
    const stalled = ['', '\u0016\u0003\u0001'].map((text) => stall(server.port, text))
    await Promise.all(stalled.map(({ open }) => open))
    const startedAt = Date.now()
    await using client = await server.connect()
    await subscribe(client, 'news')
    await Promise.all(stalled.map(({ closed }) => closed))
    expect(Date.now() - startedAt).toBeLessThan(30_000)
  })

  it.concurrent('leave nothing behind when the client never ends its side', { timeout: 40_000 }, async () => {
    await using server = await startServer({ shutdownTimeoutSeconds: 60 })
    const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    try {
      let answer = ''
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1'))).on('error', () => undefined)
      socket.write(unfinished[3]!)
      await new Promise((resolve) => socket.once('end', resolve))
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
      // The server waits for connections it still has; there is none.
      let isClosed = false
      void server.close().then(() => (isClosed = true))
      await until(() => isClosed, Boolean, 5_000)
      expect(socket.writable).toBe(true)
    } finally {
      socket.destroy()
    }
  })
})
