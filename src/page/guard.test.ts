import { describe, expect, test } from 'vitest'
import { Guard, type GuardOptions } from './guard.js'
import type { PageRequest, PageResponse } from './message.js'

const options: GuardOptions = { token: null, host: '127.0.0.1', path: '', tls: null }

function check(
  headers: PageRequest['headers'],
  more: Partial<GuardOptions> = {},
  request: Partial<PageRequest> = {},
): PageResponse | null {
  const base = { method: 'GET', path: '/', query: '', body: Buffer.alloc(0), headers }
  return new Guard({ ...options, ...more }).check({ ...base, ...request })
}

describe('Guard in development mode', () => {
  test.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:8080', '[::1]:8080', '127.0.0.1'])(
    'answers to the name %s',
    (host) => {
      expect(check({ host })).toBeNull()
    },
  )

  test.each([
    'evil.test',
    'localhost.evil.test:8080',
    '192.168.0.7',
    '127.0.0.1.nip.io',
    'localhost.',
    '[::2]',
  ])('refuses the name %s and says what to open', (host) => {
    const answer = check({ host })
    expect(answer?.status).toBe(403)
    expect(answer?.body.toString()).toMatch(/open http:\/\/127\.0\.0\.1(:8080)?\/$/)
  })

  test.each([undefined, '', ':8080', 'user@localhost', 'localhost:port', 'localhost/x', 'a b'])(
    'refuses the Host header %j',
    (host) => {
      expect(check({ host })?.status).toBe(403)
    },
  )

  test('answers to the host it is configured for', () => {
    expect(check({ host: 'pogo.internal:1' }, { host: 'Pogo.internal' })).toBeNull()
    expect(check({ host: '127.0.0.2:1' }, { host: '127.0.0.2' })).toBeNull()
  })

  test.each(['http://localhost:80', 'https://localhost:80'])('accepts its own origin %s', (origin) => {
    expect(check({ host: 'localhost:80', origin })).toBeNull()
  })

  test.each([
    'http://localhost',
    'http://localhost:81',
    'null',
    '',
    'https://evil.test',
    'ws://localhost:80',
  ])('refuses the origin %j', (origin) => {
    expect(check({ host: 'localhost:80', origin })?.status).toBe(403)
  })

  test('takes a POST only when it shows that it comes from the page', () => {
    const post = { method: 'POST', path: '/playground/publish' }
    const host = 'localhost'
    expect(check({ host }, {}, post)?.status).toBe(403)
    expect(check({ host, 'sec-fetch-site': 'same-site' }, {}, post)?.status).toBe(403)
    expect(check({ host, 'sec-fetch-site': 'same-origin' }, {}, post)).toBeNull()
    expect(check({ host, origin: 'http://localhost' }, {}, post)).toBeNull()
  })
})

describe('Guard with a token', () => {
  const token = 'correct horse;=é'
  const query = new URLSearchParams({ token }).toString()
  const host = '192.168.0.7:8080'

  test('answers to any IP address, and to no name but localhost and its own', () => {
    const status = (name: string) => check({ host: name }, { token, host: '0.0.0.0' })?.status
    expect(['10.0.0.1', '[fe80::1]:1', 'localhost', '0.0.0.0'].map(status)).toEqual([401, 401, 401, 401])
    expect(['evil.test', '10.0.0.1.evil.test', '1.2.3', '[::1::]'].map(status)).toEqual([403, 403, 403, 403])
  })

  test('swaps the token for a cookie that then opens every address', () => {
    const swap = check({ host }, { token, path: '/x' }, { query })
    expect(swap?.status).toBe(303)
    expect(swap?.headers.Location).toBe('/x/')
    const [pair, ...attributes] = (swap?.headers['Set-Cookie'] ?? '').split('; ')
    expect(attributes).toEqual(['Path=/x', 'HttpOnly', 'SameSite=Strict'])
    expect(pair).toMatch(/^pogo-page-8080=[0-9a-f]{64}$/)
    const cookie = `other=1; ${pair ?? ''}`
    expect(check({ host, cookie }, { token })).toBeNull()
    expect(check({ host, cookie }, { token }, { path: '/playground/page.js' })).toBeNull()
    expect(check({ host, cookie }, { token: 'another token' })?.status).toBe(401)
  })

  test('keeps the cookie to TLS where there is TLS', () => {
    const swap = check({ host }, { token, tls: {} }, { query })
    expect(swap?.headers['Set-Cookie']).toMatch(/; Secure$/)
  })

  test.each(['', 'token=', 'token=correct', `${query}x`, 'token=%E0%A4%A'])(
    'refuses the query %j',
    (wrong) => {
      const answer = check({ host }, { token }, { query: wrong })
      expect(answer?.status).toBe(401)
      expect(answer?.body.toString()).toContain('open the printed URL')
      expect(answer?.headers).not.toHaveProperty('Set-Cookie')
    },
  )

  test('takes the token at the page only, and in no POST', () => {
    expect(check({ host }, { token }, { query, path: '/playground/page.js' })?.status).toBe(401)
    const own = { host, origin: `http://${host}` }
    expect(check(own, { token }, { query, method: 'POST' })?.status).toBe(401)
  })
})
