import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { RawClient } from '../support/raw-client.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'
import { makeCertificate, TlsPair } from '../support/tls-pair.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

/** Webhooks whose endpoint does not answer: the server cannot stop at once while they wait. */
function hanging(receiver: WebhookReceiver) {
  receiver.answerAlways('hang')
  return { app1: { webhooks: [{ url: receiver.url, maxBatchWaitMs: 0 }] }, shutdownTimeoutSeconds: 2 }
}

describe('a server that is told to stop', () => {
  // covers: CONN-37
  it('closes every connection with 4200', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 250)
    await server.close()
    for (const client of crowd) expect(await client.closed()).toMatchObject({ code: 4200 })
    await expect(RawClient.connect(server.appUrl())).rejects.toThrow('ECONNREFUSED')
  })

  it('delivers what was published before', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const publish = (data: string) => server.server.publish('app1', { channels: ['news'], name: 'n', data })
    await Promise.all(['1', '2', '3'].map(publish))
    await server.close()
    expect(await client.closed()).toMatchObject({ code: 4200 })
    expect(client.inbox.items.filter(isEvent('news', 'n')).map(({ data }) => data)).toEqual(['1', '2', '3'])
  })

  it('closes a handshake that reaches it meanwhile with 4100, and says that it is not healthy', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startServer(hanging(receiver))
    await using client = await server.connect()
    await subscribe(client, 'news')
    await receiver.waitFor(() => true)
    const stopped = server.close()
    await client.closed()
    await using late = await RawClient.connect(server.appUrl())
    expect(late.handshake.status).toBe(101)
    expect(await late.closed()).toMatchObject({ code: 4100 })
    const health = await server.get('/up')
    expect(health.status).toBe(503)
    expect(health.text).toContain('draining')
    await stopped
  })

  it('stops in time although clients do not read, do not answer, or never finish their request', async () => {
    await using server = await startServer({ shutdownTimeoutSeconds: 0.5 })
    await using silent = await server.connect('key1', { answerClose: false, answerPings: false })
    await using stalled = await server.connect()
    stalled.pause()
    const half = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    const unfinished = new Promise((resolve) => half.once('close', resolve))
    half.on('error', () => undefined).resume()
    half.write('GET /app/key1 HTTP/1.1\r\nHost: x\r\n')
    await silent.barrier()
    const startedAt = Date.now()
    await server.close()
    expect(Date.now() - startedAt).toBeLessThan(5_000)
    half.end()
    await unfinished
    expect(await silent.closed()).toMatchObject({ code: 4200 })
    stalled.resume()
    expect(await stalled.closed()).toMatchObject({ code: 4200 })
  })

  it('is not held up by a client that keeps its side open after a refused upgrade', async () => {
    await using server = await startServer({ shutdownTimeoutSeconds: 0.5 })
    const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    const answered = new Promise((resolve) => socket.once('end', resolve))
    socket.on('error', () => undefined).resume()
    const head = ['GET /app/key1 HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write(`${head.join('\r\n')}\r\nSec-WebSocket-Version: 8\r\n\r\n`)
    await answered
    await server.close()
    socket.destroy()
  })

  it('is not held up by a client that never begins its TLS handshake', async () => {
    await using pair = await TlsPair.write(await makeCertificate())
    await using server = await startServer({ tls: pair.files, shutdownTimeoutSeconds: 0.5 })
    await using client = await server.connect()
    const socket = net.connect({ port: server.port, host: '127.0.0.1' })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.on('error', () => undefined).once('connect', resolve))
    await client.barrier()
    const startedAt = Date.now()
    await server.close()
    await closed
    expect(Date.now() - startedAt).toBeLessThan(5_000)
    expect(await client.closed()).toMatchObject({ code: 4200 })
  })

  it('may be told several times', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await Promise.all([server.close(), server.close()])
    await server.close()
    expect(await client.closed()).toMatchObject({ code: 4200 })
  })
})
