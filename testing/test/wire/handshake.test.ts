import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../support/frame-codec.js'
import { sendRequest } from '../support/http-client.js'
import type { Closing, RawClientOptions } from '../support/raw-client.js'
import { RawClient } from '../support/raw-client.js'
import { connectCrowd } from '../support/crowd.js'
import type { TestServer } from '../support/test-server.js'
import { app1, isEvent, startServer, subscribe } from '../support/test-server.js'

/** Connects to where the server refuses, and answers the close that follows the completed upgrade. */
async function refusal(url: string, options: RawClientOptions = {}): Promise<Closing> {
  await using client = await RawClient.connect(url, options)
  expect(client.handshake.status).toBe(101)
  const closing = await client.closed()
  const frames = client.inbox.items
  expect(frames).toHaveLength(1)
  expect(frames[0]).toMatchObject({ event: 'pusher:error', data: { code: closing.code } })
  return closing
}

/** Connects and shows that the connection works. */
async function serves(server: TestServer, url: string, options: RawClientOptions = {}): Promise<RawClient> {
  const client = await RawClient.connect(url, options)
  await client.established()
  await subscribe(client, 'news')
  await server.server.publish(app1.id, { channels: ['news'], name: 'saved', data: 'x' })
  await client.next(isEvent('news', 'saved'))
  return client
}

describe('the handshake', () => {
  // covers: CONN-01
  it('greets with a socket id and the activity timeout, in a string, before anything else', async () => {
    await using server = await startServer({ activityTimeoutSeconds: 77 })
    await using client = await RawClient.connect(server.appUrl())
    const first = await client.next(() => true)
    expect(first.event).toBe('pusher:connection_established')
    expect(Object.keys(first.message).sort()).toEqual(['data', 'event'])
    expect(typeof first.data).toBe('string')
    expect(first.payload).toEqual({ socket_id: client.socketId, activity_timeout: 77 })
    expect(client.socketId).toMatch(/^\d+\.\d+$/)
  })

  // covers: CONN-03, CONN-04
  it('gives each of 500 connections an id of its own that does not follow from another', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 500)
    const ids = crowd.clients.map((client) => client.socketId)
    expect(new Set(ids).size).toBe(500)
    for (const part of [0, 1]) {
      const numbers = ids.map((id) => Number(id.split('.')[part]))
      for (const number of numbers) expect(number).toBeLessThan(2 ** 53)
      // Among 500 random numbers below 2^53 two that lie within 1,000 would come once in 10^8 runs or so.
      const sorted = numbers.toSorted((a, b) => a - b)
      const gaps = sorted.slice(1).map((number, index) => number - sorted[index]!)
      expect(Math.min(...gaps)).toBeGreaterThan(1_000)
      // A sequence or a clock would make later connections larger.
      const rises = numbers.slice(1).filter((number, index) => number > numbers[index]!)
      expect(rises.length).toBeGreaterThan(150)
      expect(rises.length).toBeLessThan(350)
    }
  })

  // covers: CONN-11, CONN-12, CONN-16
  it.each(['99', '3', '2', '1', '0', '8', '99999999999999999999'])(
    'closes protocol %s with 4007, whose number it knows and does not speak',
    async (protocol) => {
      await using server = await startServer()
      const closing = await refusal(server.appUrl(app1.key, `protocol=${protocol}`))
      expect(closing.code).toBe(4007)
    },
  )

  // covers: CONN-13
  it.each(['abc', '', '7.0', '7a', '0x7', '1e1', 'NaN', '%D9%A7', '%00', '7%0A', 'x'.repeat(5_000)])(
    'closes the malformed protocol "%s" with 4006',
    async (protocol) => {
      await using server = await startServer()
      const closing = await refusal(server.appUrl(app1.key, `protocol=${protocol}`))
      expect(closing.code).toBe(4006)
    },
  )

  // covers: CONN-14, CONN-15
  it.each([
    'protocol=7',
    'protocol=6',
    'protocol=5',
    'protocol=4',
    '',
    'client=js&version=8.6.0&flash=false',
  ])('serves protocol 7 to a query of "%s"', async (query) => {
    await using server = await startServer()
    await using client = await serves(server, server.appUrl(app1.key, query))
    expect(client.isClosed).toBe(false)
  })

  it('ignores parameters that nobody knows', async () => {
    await using server = await startServer()
    const query = 'protocol=7&x=1&x=2&%zz&&=&__proto__=1&client=%00&version='
    await using client = await serves(server, server.appUrl(app1.key, query))
    expect(client.isClosed).toBe(false)
  })

  // covers: CONN-05
  it.each([
    'nobody',
    'KEY1',
    'key1%20',
    '%zz',
    '%00',
    '__proto__',
    'constructor',
    'app1',
    'k'.repeat(10_000),
  ])('completes the upgrade for the unknown key "%s" and closes with 4001', async (key) => {
    await using server = await startServer()
    expect((await refusal(server.appUrl(key))).code).toBe(4001)
  })

  // covers: CONN-18
  it.each([
    '/other?protocol=7',
    '/',
    '/app',
    '/app/',
    '/app/key1/x',
    '//app/key1',
    '/apps/key1',
    '/pusher/app/key1',
  ])('closes an upgrade at the unknown path %s with 4005', async (path) => {
    await using server = await startServer()
    expect((await refusal(server.wsUrl, { path })).code).toBe(4005)
  })

  it('serves below its path prefix and nowhere else', async () => {
    await using server = await startServer({ path: '/x/y' })
    await using client = await serves(server, server.appUrl())
    expect(client.isClosed).toBe(false)
    for (const path of ['/app/key1', '/x/app/key1', '/x/yapp/key1', '/x/y/z/app/key1']) {
      expect(await refusal(server.wsUrl, { path })).toMatchObject({ code: 4005 })
    }
  })

  // covers: CONN-07
  it('closes connections to a disabled app with 4003, and serves the others', async () => {
    await using server = await startServer({ app1: { enabled: false } })
    expect((await refusal(server.appUrl())).code).toBe(4003)
    await using client = await server.connect('key2')
    await subscribe(client, 'news')
  })

  // covers: CONN-19
  it.each(['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'])(
    'answers a plain %s at once that it wants an upgrade',
    async (method) => {
      await using server = await startServer()
      const answer = await sendRequest(server.url, method, '/app/key1?protocol=7')
      expect(answer.status).toBe(426)
      expect(answer.headers.upgrade).toBe('websocket')
    },
  )

  // covers: CONN-21
  it.each<Record<string, string | null>>([
    { Upgrade: 'websocket', Connection: 'keep-alive, Upgrade' },
    { uPGRADE: 'WebSocket', CONNECTION: 'upgrade', 'SEC-websocket-KEY': randomBytes(16).toString('base64') },
    { Connection: 'Upgrade,keep-alive', 'Sec-WebSocket-Protocol': 'pusher', Cookie: 'a=b' },
  ])('accepts the upgrade with the headers %j', async (headers) => {
    await using server = await startServer()
    await using client = await serves(server, server.appUrl(), { headers }) // checks Sec-WebSocket-Accept
    expect(client.handshake.status).toBe(101)
  })

  // covers: CONN-22
  it.each(['8', '12', '14', '', 'x', null])(
    'answers Sec-WebSocket-Version %j with 400 or 426 and the version it speaks',
    async (version) => {
      await using server = await startServer()
      const headers = { 'Sec-WebSocket-Version': version }
      await using client = await RawClient.connect(server.appUrl(), { headers })
      expect([400, 426]).toContain(client.handshake.status)
      expect(client.handshake.headers['sec-websocket-version']).toMatch(/\b13\b/)
    },
  )

  it.each<[string, Record<string, string | null>]>([
    ['no key', { 'Sec-WebSocket-Key': null }],
    ['a key that is too short', { 'Sec-WebSocket-Key': 'eA==' }],
    ['a key that is no base64', { 'Sec-WebSocket-Key': '*'.repeat(24) }],
  ])('answers an upgrade with %s with a 4xx, and serves the next', async (_, headers) => {
    await using server = await startServer()
    await using client = await RawClient.connect(server.appUrl(), { headers })
    expect(client.handshake.status).toBe(400)
    await using next = await serves(server, server.appUrl())
    expect(next.isClosed).toBe(false)
  })

  it('answers a request that merely offers HTTP/2, or says which header is in the way', async () => {
    await using server = await startServer()
    const headers = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQAAP__',
      'Sec-WebSocket-Key': null,
      'Sec-WebSocket-Version': null,
    }
    await using client = await RawClient.connect(`${server.wsUrl}/up`, { headers })
    const { status, body } = client.handshake
    // Newer ones of Node ask the server which upgrades it takes; older ones hand over each of them.
    if ('shouldUpgradeCallback' in createServer()) expect(status).toBe(200)
    else {
      expect(status).toBe(426)
      expect(body).toContain('Upgrade header')
    }
    await using next = await serves(server, server.appUrl())
    expect(next.isClosed).toBe(false)
  })

  it('reads frames that come in one packet with the upgrade request', async () => {
    await using server = await startServer()
    const trailing = Buffer.concat([
      encodeFrame('{"event":"pusher:subscribe","data":{"channel":"news"}}'),
      encodeFrame('{"event":"pusher:ping"}'),
    ])
    await using client = await RawClient.connect(server.appUrl(), { trailing })
    await client.next('pusher:pong')
    const events = client.inbox.items.map((frame) => frame.event)
    expect(events).toContain('pusher_internal:subscription_succeeded')
    expect(events[0]).toBe('pusher:connection_established')
  })

  // covers: WIRE-25
  it.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'x-webkit-deflate-frame, bogus',
  ])('agrees to no compression when %s is offered', async (offer) => {
    await using server = await startServer()
    const headers = { 'Sec-WebSocket-Extensions': offer }
    await using client = await serves(server, server.appUrl(), { headers })
    expect(client.handshake.headers).not.toHaveProperty('sec-websocket-extensions')
  })

  // covers: CONN-44
  it('closes with reasons of valid UTF-8 that fit into a close frame, whatever they quote', async () => {
    await using server = await startServer({ app1: { allowedOrigins: ['https://example.com'] } })
    const long = encodeURIComponent('🚀é'.repeat(200))
    const reasons: string[] = []
    for (const offset of ['', 'x', 'xy', 'xyz']) {
      reasons.push((await refusal(server.appUrl(offset + long))).reason)
      reasons.push((await refusal(server.appUrl(app1.key, `protocol=${offset}${long}`))).reason)
      reasons.push((await refusal(server.wsUrl, { path: `/${offset}${long}` })).reason)
      const headers = { Origin: `https://${offset}${'ä'.repeat(100)}.example.net` }
      reasons.push((await refusal(server.appUrl(), { headers })).reason)
    }
    for (const reason of reasons) {
      expect(reason).not.toBe('')
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
      expect(reason).not.toContain('\uFFFD')
    }
  })
})
