import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { sendRequest } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { RecordingLogger } from '../support/recording-logger.js'
import type { TestServerOptions } from '../support/test-server.js'
import { isEvent, startServer, subscribe, type TestServer } from '../support/test-server.js'
import { makeCertificate, TlsPair, type Certificate } from '../support/tls-pair.js'
import { until } from '../support/until.js'

interface TlsServer extends AsyncDisposable {
  readonly server: TestServer
  readonly pair: TlsPair
}

async function startTlsServer(certificate: Certificate, options: TestServerOptions = {}): Promise<TlsServer> {
  const pair = await TlsPair.write(certificate)
  const server = await startServer({ tls: pair.files, ...options })
  return {
    server,
    pair,
    async [Symbol.asyncDispose]() {
      await server.close()
      await pair[Symbol.asyncDispose]()
    },
  }
}

/** Fingerprint of the certificate that a new connection is shown. */
async function shownCertificate(port: number): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    return socket.getPeerCertificate().fingerprint256
  } finally {
    socket.destroy()
  }
}

/** Sends bytes over plain TCP and answers what came until the end. */
async function speakPlainly(port: number, text: string): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1'))).on('error', () => undefined)
  socket.write(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

/** The code with which a connection ends, or `null` when it is greeted. */
async function knock(url: string, headers: Record<string, string> = {}): Promise<number | null> {
  await using client = await RawClient.connect(url, { headers })
  const first = await client.next(() => true)
  if (first.event === 'pusher:connection_established') return null
  return (await client.closed()).code
}

describe('a server with a certificate', () => {
  it('serves WebSocket and HTTP over TLS', async () => {
    const certificate = await makeCertificate()
    await using running = await startTlsServer(certificate, { app1: { requireTls: true } })
    const { server } = running
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    await using client = await RawClient.connect(server.appUrl(), { tls: { ca: certificate.cert } })
    await client.established()
    await subscribe(client, 'private-news')
    await server.publish('private-news', 'saved', 'x')
    await client.next(isEvent('private-news', 'saved'))
    expect((await server.get('/up')).status).toBe(200)
    expect(await shownCertificate(server.port)).toBe(certificate.fingerprint256)
  })

  it('shows a new certificate once the files have changed, and keeps the connections there are', async () => {
    const [old, renewed] = [await makeCertificate(), await makeCertificate()]
    const logger = new RecordingLogger()
    await using running = await startTlsServer(old, { logger })
    const { server, pair } = running
    await using client = await server.connect()
    await pair.replace(renewed)
    const { port } = server
    await until(
      () => shownCertificate(port),
      (fingerprint) => fingerprint === renewed.fingerprint256,
      10_000,
    )
    await subscribe(client, 'news')
    await using next = await server.connect()
    await subscribe(next, 'news')
    expect(logger.matching(/reloaded/).length).toBeGreaterThan(0)
  })

  it('keeps the certificate it has when the new files do not belong together, and says so', async () => {
    const [old, renewed] = [await makeCertificate(), await makeCertificate()]
    const logger = new RecordingLogger()
    await using running = await startTlsServer(old, { logger })
    const { server, pair } = running
    await pair.replace({ cert: renewed.cert, key: old.key })
    const line = await logger.lines.next((each) => each.level === 'error', { timeoutMs: 10_000 })
    expect(line.message).toContain('certificate')
    expect(await shownCertificate(server.port)).toBe(old.fingerprint256)
    await pair.replace(renewed)
    await until(
      () => shownCertificate(server.port),
      (fingerprint) => fingerprint === renewed.fingerprint256,
      10_000,
    )
    expect(logger.text).not.toContain('PRIVATE KEY')
  })

  it('goes on renewing its certificate when another server with the same files closes', async () => {
    const [old, renewed] = [await makeCertificate(), await makeCertificate()]
    await using running = await startTlsServer(old)
    const { server, pair } = running
    const other = await startServer({ tls: pair.files })
    await other.close()
    await pair.replace(renewed)
    await until(
      () => shownCertificate(server.port),
      (fingerprint) => fingerprint === renewed.fingerprint256,
      10_000,
    )
  })

  it('tells in one line of its log that a client speaks plain HTTP to it', async () => {
    const logger = new RecordingLogger()
    await using running = await startTlsServer(await makeCertificate(), { logger })
    await speakPlainly(running.server.port, 'GET /app/key1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const line = await logger.next(/plain HTTP/)
    expect(line.level).toBe('warn')
    expect(line.message).toMatch(/https:.*wss:.*forceTLS: true/)
    await using client = await running.server.connect()
    await client.barrier()
    expect(logger.matching(/plain HTTP/)).toHaveLength(1)
  })

  it('outlives garbage where a TLS handshake belongs', async () => {
    await using running = await startTlsServer(await makeCertificate())
    for (const garbage of ['\u0000'.repeat(10), '\u0016\u0003\u0001\u0000\u0005xxxxx', 'x'.repeat(10_000)]) {
      await speakPlainly(running.server.port, garbage)
    }
    await using client = await running.server.connect()
    await client.barrier()
  })
})

describe('a server without a certificate', () => {
  it('tells in one line of its log that a client speaks TLS to it', async () => {
    const logger = new RecordingLogger()
    await using server = await startServer({ logger })
    await expect(shownCertificate(server.port)).rejects.toThrow()
    const line = await logger.next(/TLS/)
    expect(line.level).toBe('warn')
    expect(line.message).toMatch(/http:.*ws:.*forceTLS: false/)
    await using client = await server.connect()
    await client.barrier()
    expect(logger.matching(/TLS/)).toHaveLength(1)
  })
})

describe('an app that demands TLS', () => {
  it('closes plain connections with 4000, and leaves other apps alone', async () => {
    await using server = await startServer({ app1: { requireTls: true } })
    expect(await knock(server.appUrl())).toBe(4000)
    expect(await knock(server.appUrl('key2'))).toBeNull()
  })

  it('believes X-Forwarded-Proto from trusted proxies', async () => {
    await using server = await startServer({
      app1: { requireTls: true },
      trustedProxies: ['127.0.0.0/8', '::1'],
    })
    const url = server.appUrl()
    expect(await knock(url, { 'X-Forwarded-Proto': 'https' })).toBeNull()
    expect(await knock(url, { 'x-forwarded-PROTO': 'HTTPS' })).toBeNull()
    expect(await knock(url, { 'X-Forwarded-Proto': 'http, https' })).toBeNull()
    expect(await knock(url, { 'X-Forwarded-Proto': 'https, http' })).toBe(4000)
    expect(await knock(url, { 'X-Forwarded-Proto': 'http' })).toBe(4000)
    expect(await knock(url, { 'X-Forwarded-Proto': '' })).toBe(4000)
    expect(await knock(url)).toBe(4000)
  })

  it('believes it from nobody else', async () => {
    await using server = await startServer({ app1: { requireTls: true }, trustedProxies: ['127.0.0.2'] })
    expect(await knock(server.appUrl(), { 'X-Forwarded-Proto': 'https' })).toBe(4000)
    await using client = await RawClient.connect(server.appUrl(), {
      localAddress: '127.0.0.2',
      headers: { 'X-Forwarded-Proto': 'https' },
    })
    await client.established()
  })

  it('is told by a trusted proxy that its own TLS is not that of the client', async () => {
    await using running = await startTlsServer(await makeCertificate(), {
      app1: { requireTls: true },
      trustedProxies: ['127.0.0.1'],
    })
    const { server } = running
    expect(await knock(server.appUrl(), { 'X-Forwarded-Proto': 'http' })).toBe(4000)
    expect(await knock(server.appUrl())).toBeNull()
    expect((await sendRequest(server.url, 'GET', '/up')).status).toBe(200)
  })
})
