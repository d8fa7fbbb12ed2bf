import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { signedRequest } from './http-client.js'
import { isSignedBy, WebhookReceiver } from './webhook-receiver.js'
import { hmacHex } from './auth.js'

const app = { id: '3', key: 'k', secret: 's' }

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** A server that answers with what it saw. */
async function startMirror() {
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method, url, rawHeaders } = request
      response.end(JSON.stringify({ method, url, rawHeaders, body } satisfies Seen))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('signedRequest', () => {
  it('sends what it signed', async () => {
    await using mirror = await startMirror()
    const answer = await signedRequest({
      ...mirror,
      app,
      path: '/events',
      body: { a: 1 },
      query: { b: ['x', 'y z'] },
    })
    const { method, url, body } = answer.json as Seen
    expect({ method, body }).toEqual({ method: 'POST', body: '{"a":1}' })
    expect(url).toMatch(/^\/apps\/3\/events\?b\[\]=x&b\[\]=y%20z&auth_key=k&.*&auth_signature=[0-9a-f]{64}$/)
  })

  it('leaves out and changes auth parameters after signing, and sends another path', async () => {
    await using mirror = await startMirror()
    const tamper = { auth_key: null, auth_version: '2.0' }
    const answer = await signedRequest({
      ...mirror,
      app,
      path: '/channels',
      sentPath: '/apps/3/%63hannels',
      tamper,
    })
    const { method, url } = answer.json as Seen
    expect(method).toBe('GET')
    expect(url).toMatch(/^\/apps\/3\/%63hannels\?auth_timestamp=\d+&auth_version=2\.0&auth_signature=/)
  })

  it('keeps the order and spelling of headers', async () => {
    await using mirror = await startMirror()
    const headers = [
      ['x-B', '1'],
      ['X-a', '2'],
    ] as const
    const { rawHeaders } = (await signedRequest({ ...mirror, app, path: '/channels', headers })).json as Seen
    expect(rawHeaders.slice(2, 6)).toEqual(['x-B', '1', 'X-a', '2'])
  })

  it('sends a body in chunks', async () => {
    await using mirror = await startMirror()
    const answer = await signedRequest({ ...mirror, app, path: '/events', body: 'abcdef', chunkBytes: 2 })
    const { rawHeaders, body } = answer.json as Seen
    expect(body).toBe('abcdef')
    expect(rawHeaders).toContain('chunked')
    expect(rawHeaders).not.toContain('Content-Length')
  })

  it('sends the body when the server says to continue', async () => {
    await using mirror = await startMirror()
    const answer = await signedRequest({ ...mirror, app, path: '/events', body: 'abc', expectContinue: true })
    expect(answer.continued).toBe(true)
    expect((answer.json as Seen).body).toBe('abc')
  })
})

describe('WebhookReceiver', () => {
  const post = (url: string, body: string): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'X-Pusher-Key': app.key, 'X-Pusher-Signature': hmacHex(app.secret, body) },
    })

  it('records deliveries and their events, and verifies signatures', async () => {
    await using receiver = await WebhookReceiver.start()
    const body = '{"time_ms":5,"events":[{"name":"channel_occupied","channel":"ü"}]}'
    expect((await post(receiver.url, body)).status).toBe(200)
    const delivery = await receiver.waitFor(() => true)
    expect(delivery.timeMs).toBe(5)
    expect(isSignedBy(delivery, app)).toBe(true)
    expect(isSignedBy(delivery, { ...app, secret: 'other' })).toBe(false)
    expect(await receiver.waitForEvent('channel_occupied', 'ü')).toEqual({
      name: 'channel_occupied',
      channel: 'ü',
    })
  })

  it('answers as it is told', async () => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerNext(500, { status: 302, headers: { Location: '/' }, delayMs: 1 })
    receiver.answerAlways(204)
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) {
      const response = await fetch(receiver.url, { method: 'POST', body: '{}', redirect: 'manual' })
      statuses.push(response.status)
    }
    expect(statuses).toEqual([500, 302, 204])
  })
})
