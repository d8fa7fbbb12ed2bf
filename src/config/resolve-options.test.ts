import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAllowedOrigin } from '../hub/handshake.js'
import { webhookEventNames } from '../protocol/webhook-message.js'
import { ConfigError, resolveOptions, type ServerOptions } from './load.js'
import { serverOptions } from './options.js'
import { placedOptions } from './option.js'

/** As a JavaScript program may call it. */
function resolve(options: unknown): ReturnType<typeof resolveOptions> {
  return resolveOptions(options as ServerOptions)
}

function problems(options: unknown): string[] {
  try {
    resolve(options)
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ origin, message }) => `${origin}: ${message}`)
    throw error
  }
  return []
}

const app = { id: 'app', secret: 'secret' }

describe('resolveOptions', () => {
  it('fills in every documented default', () => {
    expect(resolve({ apps: [{ ...app, webhooks: [{ url: 'http://x/y' }] }] })).toEqual({
      host: '127.0.0.1',
      port: 8080,
      path: '',
      tls: null,
      activityTimeoutSeconds: 120,
      pingIntervalSeconds: 60,
      pongTimeoutSeconds: 30,
      shutdownTimeoutSeconds: 10,
      maxConnections: 10_000,
      maxPendingBytes: 1_048_576,
      handshakesPerSecond: null,
      handshakeBurst: 50,
      trustedProxies: [],
      metrics: null,
      dev: false,
      playground: null,
      apps: [
        {
          id: 'app',
          key: 'app',
          secret: 'secret',
          tokens: [{ key: 'app', secret: 'secret' }],
          enabled: true,
          clientEvents: true,
          subscriptionCount: false,
          subscriptionCountIntervalMs: 5000,
          watchlist: false,
          authorizedConnections: false,
          authorizationTimeoutSeconds: 30,
          requireTls: false,
          subscriptionErrors: 'official',
          allowedOrigins: null,
          limits: {
            connections: null,
            channelsPerConnection: 1000,
            channelNameLength: 164,
            eventNameLength: 200,
            eventPayloadBytes: 10_240,
            channelsPerEvent: 100,
            eventsPerBatch: 10,
            clientEventsPerSecond: 10,
            presenceMembers: 100,
            presenceMemberBytes: 1024,
            watchlistUsers: 100,
          },
          cacheTtlSeconds: 1800,
          webhookDelayMs: 3000,
          webhooks: [
            {
              url: 'http://x/y',
              events: webhookEventNames,
              channelPrefix: '',
              headers: {},
              maxBatchEvents: 20,
              maxBatchWaitMs: 250,
              timeoutMs: 4000,
              retrySeconds: 300,
            },
          ],
        },
      ],
    })
  })

  it('names the place in the options of the program', () => {
    expect(problems({ port: -1, apps: [{ id: 'a' }] })).toEqual([
      'createServer: port: -1 is out of range: expected a whole number from 0 to 65535',
      'createServer: apps[0].secret: missing: Signs requests, auth strings and webhooks.',
    ])
  })

  it('demands an app, unless the apps come from elsewhere or it is development', () => {
    expect(problems({})).toEqual([expect.stringMatching(/^createServer: apps: there is no app/)])
    expect(problems({ apps: [] })).toHaveLength(1)
    expect(resolveOptions({}, { needsApps: false }).apps).toEqual([])
    expect(resolve({ dev: true }).apps).toMatchObject([{ id: 'app', key: 'key', secret: 'secret' }])
  })

  it('puts the own token of an app before the further ones', () => {
    const tokens = [{ key: 'new', secret: 'newer' }]
    expect(resolve({ apps: [{ ...app, tokens }] }).apps[0]?.tokens).toEqual([
      { key: 'app', secret: 'secret' },
      { key: 'new', secret: 'newer' },
    ])
  })

  it('takes what is undefined as not given', () => {
    expect(resolve({ port: undefined, apps: [{ ...app, key: undefined }] }).port).toBe(8080)
  })

  it('takes zero as zero and null as no limit', () => {
    const limits = { connections: 0, channelsPerConnection: 0, clientEventsPerSecond: 0 }
    expect(resolve({ maxConnections: 0, apps: [{ ...app, limits, allowedOrigins: [] }] })).toMatchObject({
      maxConnections: 0,
      apps: [{ limits, allowedOrigins: [] }],
    })
    expect(problems({ maxConnections: null, port: NaN, apps: [app] })).toEqual([
      'createServer: maxConnections: got null: expected a whole number from 0 to 10000000',
      'createServer: port: got NaN: expected a whole number from 0 to 65535',
    ])
  })

  it('switches the page on and off', () => {
    expect(resolve({ dev: true }).playground).toEqual({ token: null })
    expect(resolve({ dev: true, playground: false }).playground).toBeNull()
    expect(resolve({ playground: true, apps: [app] }).playground?.token).toMatch(/^[\w-]{24,}$/)
    expect(resolve({ playground: { token: 'a-token-of-mine' }, apps: [app] }).playground).toEqual({
      token: 'a-token-of-mine',
    })
  })

  it('meets names of prototypes without reaching a prototype', () => {
    const text = `{
      "__proto__": { "port": 1 }, "constructor": {}, "toString": 1,
      "metrics": { "__proto__": { "port": 2 } },
      "apps": [{ "id": "__proto__", "key": "constructor", "secret": "s", "limits": { "hasOwnProperty": 1 },
                 "webhooks": [{ "url": "http://x", "headers": { "__proto__": "x" } }] }]
    }`
    expect(problems(JSON.parse(text))).toEqual([
      'createServer: __proto__: unknown option',
      'createServer: constructor: unknown option',
      'createServer: toString: unknown option',
      'createServer: metrics.__proto__: unknown option',
      'createServer: apps[0].limits.hasOwnProperty: unknown option',
    ])
    expect(({} as Record<string, unknown>).port).toBeUndefined()
    const apps = [{ id: '__proto__', key: 'constructor', secret: 's' }]
    expect(resolve({ apps }).apps).toMatchObject(apps)
  })

  it.each([
    ['https://Example.com', 'https://example.com', true],
    ['https://example.com:8443', 'https://example.com', false],
    ['http://[::1]:3000', 'http://[::1]:3000', true],
    ['example.com', 'https://example.com', true],
    ['EXAMPLE.com:8443', 'https://example.com:8443', true],
    ['*.example.com', 'https://a.b.example.com', true],
    ['*.example.com', 'https://example.com', false],
    ['*', 'https://example.com', true],
  ])('understands the origin %s: lets %s in is %s', (entry, origin, isAllowed) => {
    const allowed = resolve({ apps: [{ ...app, allowedOrigins: [entry] }] }).apps[0]?.allowedOrigins ?? []
    expect(isAllowedOrigin(origin, allowed)).toBe(isAllowed)
  })

  it.each([
    '',
    'https://',
    'https://a.b/',
    'https://a.b/c',
    'a b',
    '*.',
    '*.*.com',
    'a.*',
    'x://localhost',
    'a.b:123456',
  ])('refuses the origin %j', (entry) => {
    expect(problems({ apps: [{ ...app, allowedOrigins: [entry] }] })).toHaveLength(1)
  })

  it.each(['10.0.0.0/33', '::1/129', '10.0.0', 'localhost', '10.0.0.0/', '10.0.0.0/8/8', 'fe80::1%eth0'])(
    'refuses the proxy %j',
    (proxy) => {
      expect(problems({ trustedProxies: [proxy], apps: [app] })).toHaveLength(1)
    },
  )

  it.each(['ws', '/a?b', '/a#b', '/a b', '//', '/a//b', '/..', '/a/../b', '/.', 'http://x/'])(
    'refuses the path %j',
    (text) => {
      expect(problems({ path: text, apps: [app] })).toHaveLength(1)
    },
  )

  it.each(['', '.', '..', 'a/b', 'a:b', 'a b', 'ä', 'a%2fb', 'x'.repeat(201)])(
    'refuses the key %j',
    (key) => {
      expect(problems({ apps: [{ ...app, key }] })).toHaveLength(1)
    },
  )

  it.each([null, [], 'text', 5])('refuses %j in place of the options', (options) => {
    expect(problems(options)).toHaveLength(1)
  })
})

/** A configuration that is nearly right: known names, and values of every kind. */
function nearlyRight(): fc.Arbitrary<unknown> {
  const names = [
    ...new Set([...placedOptions(serverOptions)].map(({ path }) => path.split('.').at(-1) ?? '')),
  ]
  const name = fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom('__proto__', 'constructor', 'prot'),
    fc.string(),
  )
  return fc.letrec<{ value: unknown; record: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        null,
        true,
        false,
        0,
        1,
        -1,
        1.5,
        1e308,
        '',
        'app',
        '/x',
        '127.0.0.1',
        'http://a@b',
        '*.x',
      ),
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('record'),
    ),
    record: fc.dictionary(name, tie('value'), { maxKeys: 8 }),
  })).record
}

it('answers any JSON value with a configuration or with ERR_CONFIG_INVALID', () => {
  const check = (value: unknown): void => {
    try {
      const config = resolve(value)
      expect(config.apps.length).toBeGreaterThan(0)
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID' })
      expect((error as ConfigError).problems.length).toBeGreaterThan(0)
      expect((error as ConfigError).message.length).toBeLessThan(200_000)
    }
  }
  fc.assert(fc.property(fc.jsonValue(), check), { numRuns: 2000 })
  fc.assert(fc.property(nearlyRight(), check), { numRuns: 5000 })
  const credentials = fc.record({ id: fc.constant('a'), secret: fc.constant('s') })
  const withApp = fc.tuple(nearlyRight(), nearlyRight(), credentials).map(([server, more, own]) => ({
    ...(server as object),
    apps: [{ ...(more as object), ...own }],
  }))
  fc.assert(fc.property(withApp, check), { numRuns: 5000 })
})
