import { describe, expect, it } from 'vitest'
import { hmacHex } from '../support/auth.js'
import type { SignedRequest } from '../support/http-client.js'
import { sendRequest } from '../support/http-client.js'
import { scrape } from '../support/metrics.js'
import { app1, app2, isEvent, startServer, subscribe } from '../support/test-server.js'

const event = { name: 'e', channels: ['news'], data: '{}' }
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Credentials and moment of the worked examples in the documentation. */
const documented = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
const clock = {
  now: () => 1_353_088_179_000,
  elapsed: () => performance.now(),
  after: (delayMs: number, callback: () => void) => {
    const timeout = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timeout) }
  },
}

describe('the signature of a request', () => {
  // covers: SIG-01
  it.each([
    [
      'POST',
      '/apps/3/events',
      '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
      'body_md5=ec365a775a4cd0599faeb73354201b6f',
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    ],
    [
      'GET',
      '/apps/3/channels',
      '',
      'filter_by_prefix=presence-&info=user_count',
      '16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291',
    ],
  ])('is that of the documented %s', async (method, path, body, parameters, signature) => {
    await using server = await startServer({ moreApps: [documented], clock })
    const auth = `auth_key=${documented.key}&auth_timestamp=1353088179&auth_version=1.0`
    const target = `${path}?${auth}&${parameters}&auth_signature=${signature}`
    expect(await sendRequest(server.url, method, target, body)).toMatchObject({ status: 200 })
    const other = target.slice(0, -1)
    expect(await sendRequest(server.url, method, other, body)).toMatchObject({ status: 401 })
  })

  // covers: SIG-03, SIG-28
  it('must be made with the secret, which the refusal does not tell, nor what would have been right', async () => {
    await using server = await startServer()
    const timestamp = nowSeconds()
    const path = '/apps/app1/channels'
    const answer = await server.api('/channels', { app: { ...app1, secret: 'wrong' }, timestamp })
    const signed = `GET\n${path}\nauth_key=key1&auth_timestamp=${timestamp}&auth_version=1.0`
    expect(answer.status).toBe(401)
    expect(answer.text).toContain(hmacHex('wrong', signed))
    expect(answer.text).not.toContain(hmacHex(app1.secret, signed))
    expect(answer.text).not.toContain(app1.secret)
  })

  // covers: SIG-04
  it.each(['auth_key', 'auth_timestamp', 'auth_version', 'body_md5', 'auth_signature'])(
    'is not accepted without %s',
    async (name) => {
      await using server = await startServer()
      const leftOut = await server.api('/events', { body: event, tamper: { [name]: null } })
      expect(leftOut).toMatchObject({ status: 401, text: expect.stringContaining(name) as string })
      const notSigned = await server.api('/events', {
        body: event,
        auth: name === 'auth_signature' ? {} : { [name]: null },
        tamper: { [name]: null },
      })
      expect(notSigned.status).toBe(401)
    },
  )

  // covers: SIG-04, SIG-22
  it('is looked for in the query, not in headers', async () => {
    await using server = await startServer()
    const target = '/apps/app1/channels'
    const unsigned = await sendRequest(server.url, 'GET', target)
    expect(unsigned.status).toBe(401)
    const auth = new Map<string, string>()
    const right = await server.api('/channels', {
      buildQuery: (parameters) => {
        for (const [name, value] of parameters) auth.set(name, value)
        return new URLSearchParams([...parameters]).toString()
      },
    })
    expect(right.status).toBe(200)
    const pairs = [...auth]
    const headers = [
      ...pairs,
      ...pairs.map(([name, value]) => [name.replaceAll('_', '-'), value] as const),
      ['Authorization', `Pusher ${[...auth.values()].join(' ')}`] as const,
    ]
    expect(await sendRequest(server.url, 'GET', target, '', { headers })).toMatchObject({ status: 401 })
    const rest = pairs.filter(([name]) => name !== 'auth_signature')
    const query = new URLSearchParams(rest).toString()
    expect(await sendRequest(server.url, 'GET', `${target}?${query}`, '', { headers })).toMatchObject({
      status: 401,
    })
  })

  // covers: SIG-20
  it.each<[string, Partial<SignedRequest>]>([
    ['another path', { signedPath: '/apps/app1/channels' }],
    ['another method', { signedMethod: 'POST' }],
    ['another query', { query: { info: '' }, signedQuery: {} }],
    ['another value', { query: { info: 'cache' }, signedQuery: { info: '' } }],
  ])('does not hold for %s', async (_, change) => {
    await using server = await startServer()
    expect(await server.api('/channels/news', change)).toMatchObject({ status: 401 })
    expect(await server.api('/channels/news')).toMatchObject({ status: 200 })
  })

  // covers: SIG-11, SEC-03
  it('does not hold for another body', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const changed = await server.api('/events', { body: { ...event, name: 'changed' }, signedBody: 'x' })
    expect(changed.status).toBe(401)
    const space = await server.api('/events', {
      body: `${JSON.stringify({ ...event, name: 'changed' })} `,
      signedBody: JSON.stringify({ ...event, name: 'changed' }),
    })
    expect(space.status).toBe(401)
    await server.publish('news', 'last', '{}')
    await client.next(isEvent('news', 'last'))
    await client.expectNothing(isEvent('news', 'changed'))
  })

  // covers: SIG-13, SIG-14
  it('takes the MD5 of a body in either case, and of nothing', async () => {
    await using server = await startServer()
    const upper = '99914B932BD37A50B983C5E7C90AE93B'
    const shouted = await server.api('/users/u1/terminate_connections', {
      body: '{}',
      auth: { body_md5: upper },
    })
    expect([200, 401]).toContain(shouted.status)
    const nothing = { body_md5: 'd41d8cd98f00b204e9800998ecf8427e' }
    expect(await server.api('/channels', { auth: nothing })).toMatchObject({ status: 200 })
    const something = { body_md5: '99914b932bd37a50b983c5e7c90ae93b' }
    expect(await server.api('/channels', { auth: something })).toMatchObject({ status: 401 })
  })

  // covers: SIG-27
  it('may be used again', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const timestamp = nowSeconds()
    for (let times = 0; times < 2; times++) {
      const answer = await server.api('/events', { body: event, timestamp })
      expect(answer).toMatchObject({ status: 200, text: '{}' })
      await client.next(isEvent('news', 'e'))
    }
  })
})

describe('the timestamp of a request', () => {
  // covers: SIG-05
  it.each([-600, -590, 590, 599])('may be %i s away from the clock', async (away) => {
    await using server = await startServer({ clock })
    const timestamp = 1_353_088_179 + away
    expect(await server.api('/channels', { timestamp })).toMatchObject({ status: 200 })
  })

  // covers: SIG-06, SIG-07
  it.each([-610, -601, 601, 610])('may not be %i s away from the clock', async (away) => {
    await using server = await startServer({ clock })
    const timestamp = 1_353_088_179 + away
    expect(await server.api('/channels', { timestamp })).toMatchObject({ status: 401 })
  })

  // covers: SIG-08
  it.each([
    'abc',
    '',
    '1e10',
    `${nowSeconds()}000`,
    ` ${nowSeconds()}`,
    `${nowSeconds()}.0`,
    '-1',
    '0x5',
    'NaN',
  ])('is whole seconds and not %j', async (text) => {
    await using server = await startServer()
    expect(await server.api('/channels', { auth: { auth_timestamp: text } })).toMatchObject({ status: 401 })
  })

  // covers: SIG-09
  it.each(['2.0', '1', '1.00', ''])('is signed in version 1.0 and not %j', async (version) => {
    await using server = await startServer()
    const answer = await server.api('/channels', { auth: { auth_version: version } })
    expect(answer.status).toBe(401)
  })
})

describe('a request that is refused', () => {
  it.each<[string, Partial<SignedRequest>]>([
    ['invalid_signature', { app: { ...app1, secret: 'wrong' } }],
    ['timestamp_expired', { timestamp: nowSeconds() - 700 }],
    ['unknown_key', { app: { ...app1, key: 'nobody' } }],
    ['missing_signature', { tamper: { auth_signature: null } }],
    ['malformed_auth', { auth: { auth_timestamp: 'soon' } }],
    ['unsupported_version', { auth: { auth_version: '2.0' } }],
    ['body_mismatch', { body: event, signedBody: 'x' }],
  ])('is counted once, as %s', async (reason, change) => {
    await using server = await startServer({ metrics: { port: 0 } })
    expect(await server.api(change.body === undefined ? '/channels' : '/events', change)).toMatchObject({
      status: 401,
    })
    expect(await server.api('/channels')).toMatchObject({ status: 200 })
    const failures = Object.entries(await scrape(server)).filter(([name]) => name.includes('auth_failures'))
    expect(failures).toEqual([[`pogo_websocket_auth_failures_total{app_id="app1",reason="${reason}"}`, 1]])
  })
})

describe('the app of a request', () => {
  // covers: SIG-23
  it.each(['nobody', '__proto__', 'constructor', 'APP1', 'a%00b', '%20'])(
    'is 404 when nobody knows it: %s',
    async (id) => {
      await using server = await startServer()
      const answer = await server.api('/channels', { app: { ...app1, id } })
      expect(answer.status).toBe(404)
    },
  )

  // covers: SIG-24
  it('is the one in the path, with its own key and secret', async () => {
    await using server = await startServer()
    const asOther = (signer: typeof app1) =>
      server.api('/events', { app: signer, body: event, sentPath: '/apps/app2/events' })
    const signedPath = '/apps/app2/events'
    expect(await asOther(app1)).toMatchObject({ status: 401 })
    for (const app of [app1, { ...app1, key: app2.key }, { ...app2, key: app1.key }]) {
      const answer = await server.api('/events', { app, body: event, signedPath, sentPath: signedPath })
      expect(answer).toMatchObject({ status: 401 })
    }
    const right = await server.api('/events', { app: app2, body: event })
    expect(right.status).toBe(200)
  })

  // covers: SIG-25
  it('is 403 when it is disabled and the request is right, 401 when that is wrong', async () => {
    await using server = await startServer({ app2: { enabled: false } })
    expect(await server.api('/events', { app: app2, body: event })).toMatchObject({ status: 403 })
    expect(await server.api('/channels', { app: app2 })).toMatchObject({ status: 403 })
    const wrong = { ...app2, secret: 'wrong' }
    expect(await server.api('/channels', { app: wrong })).toMatchObject({ status: 401 })
    expect(await server.api('/channels')).toMatchObject({ status: 200 })
  })

  it('may be signed for by each of its tokens, in the secret that belongs to the key', async () => {
    const newer = { key: 'newer', secret: 'newer-secret' }
    await using server = await startServer({ app1: { tokens: [newer] } })
    const status = async (key: string, secret: string): Promise<number> =>
      (await server.api('/channels', { app: { id: 'app1', key, secret } })).status
    expect(await status('key1', 'secret1')).toBe(200)
    expect(await status('newer', 'newer-secret')).toBe(200)
    expect(await status('newer', 'secret1')).toBe(401)
    expect(await status('key1', 'newer-secret')).toBe(401)
  })
})
