import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig, type LoadedConfig } from './load.js'

let cwd = ''

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'pogo-config-'))
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

function write(content: unknown, name = 'pogo.json'): void {
  writeFileSync(path.join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content))
}

function load(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): LoadedConfig {
  return loadConfig({ args, env, cwd })
}

/** Every problem on a line of its own. */
function problems(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): string[] {
  try {
    load(args, env)
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ origin, message }) => `${origin}: ${message}`)
    throw error
  }
  return []
}

const app = { id: 'file-app', secret: 'file-secret' }

describe('precedence', () => {
  it('puts flags over environment over file over defaults', () => {
    write({ port: 1, host: '10.0.0.1', path: '/file', maxConnections: 0, apps: [app] })
    const { config, options } = load(['--port', '3'], { POGO_WS_PORT: '2', POGO_WS_HOST: '10.0.0.2' })
    expect(config).toMatchObject({
      port: 3,
      host: '10.0.0.2',
      path: '/file',
      maxConnections: 0,
      maxPendingBytes: 1_048_576,
    })
    const origins = Object.fromEntries(options.map(({ path: name, origin }) => [name, origin]))
    expect(origins).toMatchObject({
      port: '--port',
      host: 'POGO_WS_HOST',
      path: 'pogo.json: path',
      maxConnections: 'pogo.json: maxConnections',
      maxPendingBytes: 'default',
      'apps[0].id': 'pogo.json: apps[0].id',
      'apps[0].key': 'default',
      'apps[0].limits.connections': 'default',
    })
  })

  it('joins the members of a group from several sources', () => {
    write({ metrics: { host: '10.0.0.1', port: 1 }, apps: [app] })
    expect(load(['--metrics-port', '0']).config.metrics).toEqual({ host: '10.0.0.1', port: 0 })
    expect(load([], { POGO_WS_METRICS_PORT: '7' }).config.metrics).toEqual({ host: '10.0.0.1', port: 7 })
  })

  it('fills in the rest of a group of which one member is given', () => {
    write({ apps: [app] })
    expect(load([], { POGO_WS_METRICS_HOST: '::1' }).config.metrics).toEqual({ host: '::1', port: 9601 })
  })

  it.each([
    [['--app-id', 'a', '--app-secret', 'b'], { WS_APP_ID: 'c', WS_APP_SECRET: 'd' }, ['a']],
    [[], { WS_APP_ID: 'c', WS_APP_SECRET: 'd' }, ['c']],
    [[], { WS_APP_ID: '' }, ['file-app', 'second']],
  ])('takes all apps from the highest source that names one: %j %j', (args, env, ids) => {
    write({ apps: [app, { id: 'second', secret: 'x' }] })
    expect(load(args, env).config.apps.map(({ id }) => id)).toEqual(ids)
  })

  it('never mixes the credentials of two sources', () => {
    write({ apps: [app] })
    expect(problems(['--app-id', 'a'], { WS_APP_SECRET: 's3cret-of-env' })).toEqual([
      '--app-secret: missing: Signs requests, auth strings and webhooks.',
    ])
  })

  it('misses the id of an app of which only the secret is given', () => {
    expect(problems([], { WS_APP_SECRET: 'hush' })).toEqual([
      'WS_APP_ID: missing: Names the app in the HTTP API.',
    ])
  })

  it('lets the last of a repeated flag count', () => {
    expect(load(['--dev', '--port', '1', '--port=2']).config.port).toBe(2)
  })
})

describe('values', () => {
  it('understands numbers, switches and lists as text', () => {
    const env = {
      POGO_WS_PING_INTERVAL_SECONDS: '0.25',
      POGO_WS_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      POGO_WS_DEV: 'yes',
      POGO_WS_PLAYGROUND: '0',
      POGO_WS_HANDSHAKES_PER_SECOND: 'null',
      POGO_WS_SHUTDOWN_TIMEOUT_SECONDS: '0',
    }
    expect(load([], env).config).toMatchObject({
      pingIntervalSeconds: 0.25,
      trustedProxies: ['10.0.0.0/8', '::1'],
      dev: true,
      playground: null,
      handshakesPerSecond: null,
      shutdownTimeoutSeconds: 0,
    })
  })

  it.each(['1e3', '0x10', ' 80', '80 ', '+80', '8_0', 'Infinity', 'NaN', '8080.5', '80a'])(
    'refuses %j as a port',
    (text) => {
      expect(problems(['--dev', `--port=${text}`])).toEqual([
        expect.stringMatching(/^--port: got .*: expected a whole number from 0 to 65535$/),
      ])
    },
  )

  it.each([
    ['/', ''],
    ['/ws', '/ws'],
    ['/ws/', '/ws'],
    ['/a/b', '/a/b'],
  ])('keeps the path %s as "%s"', (text, kept) => {
    expect(load(['--dev', '--path', text]).config.path).toBe(kept)
  })

  it('treats an empty variable as not given', () => {
    write({ port: 5, apps: [app] })
    expect(load([], { POGO_WS_PORT: '' }).config.port).toBe(5)
  })

  it('completes relative files with the directory of their source', () => {
    write({ tls: { cert: 'none.crt', key: '/none.key' }, apps: [app] })
    expect(problems()).toEqual([
      `pogo.json: tls.cert: cannot read "${path.join(cwd, 'none.crt')}" (ENOENT)`,
      'pogo.json: tls.key: cannot read "/none.key" (ENOENT)',
    ])
  })
})

describe('problems', () => {
  it('are reported all at once, each with its origin, value, limit and way out', () => {
    write({
      prot: 80,
      handshakesPerSecond: 1.5,
      metrics: { prot: 1 },
      apps: [
        { id: 'a', secret: 's', limits: { connections: 'many', channelPerConnection: 1 } },
        { id: 'a', key: 'b', secrte: 's' },
        {
          id: 'c',
          secret: 's',
          webhooks: [{ url: 'ftp://x', events: ['member_aded'] }],
          allowedOrigins: ['https://a.b/c'],
        },
      ],
    })
    const env = { POGO_WS_PORT: '70000', POGO_WS_MAX_CONECTIONS: '1', POGO_WS_PLAYGROUND: 'maybe' }
    expect(
      problems(['--prot', '80', '--host', 'a b', '--json=perhaps', '--log-level', 'inf', '--tls-cert'], env),
    ).toEqual([
      '--prot: unknown flag; did you mean --port?',
      '--tls-cert: needs a value; one that begins with a dash is written --tls-cert=…',
      '--log-level: got "inf": expected one of trace, debug, info, warn, error, silent; did you mean info?',
      '--json: got "perhaps": expected true or false',
      'POGO_WS_MAX_CONECTIONS: unknown variable; did you mean POGO_WS_MAX_CONNECTIONS?',
      '--host: got "a b": expected a host name or an IP address, without a port or brackets',
      'POGO_WS_PORT: 70000 is out of range: expected a whole number from 0 to 65535',
      'POGO_WS_PLAYGROUND: got a text: expected true or false',
      'pogo.json: prot: unknown option; did you mean port?',
      'pogo.json: handshakesPerSecond: got 1.5: expected a whole number from 0 to 1000000, or null for no limit',
      'pogo.json: metrics.prot: unknown option; did you mean port?',
      'pogo.json: apps[0].limits.connections: got "many": expected a whole number from 0 to 10000000, or null for no limit',
      'pogo.json: apps[0].limits.channelPerConnection: unknown option; did you mean channelsPerConnection?',
      'pogo.json: apps[1].secrte: unknown option; did you mean secret?',
      'pogo.json: apps[2].webhooks[0].url: got "ftp://x": expected an http:// or https:// address without user name and password (credentials belong into headers)',
      'pogo.json: apps[2].webhooks[0].events[0]: got "member_aded": expected one of channel_occupied, channel_vacated, member_added, member_removed, client_event, cache_miss, subscription_count',
      'pogo.json: apps[2].allowedOrigins[0]: got "https://a.b/c": expected an origin such as "https://example.com", a host such as "example.com", or "*.example.com"',
      'pogo.json: apps[1].secret: missing: Signs requests, auth strings and webhooks.',
      'pogo.json: apps[1].id: "a" is taken by pogo.json: apps[0].id',
    ])
  })

  it('name the three ways to give an app when there is none', () => {
    const [problem, ...others] = problems()
    expect(others).toEqual([])
    for (const way of ['--app-id', 'WS_APP_ID', 'pogo.json', '--dev']) expect(problem).toContain(way)
  })

  it('do not speak of missing apps when the file that may name them cannot be read', () => {
    write('{"apps":')
    expect(problems()).toEqual(['pogo.json:1:9: the file ends too early'])
  })

  it('tell line and column of a fault in the file, and quote nothing of it', () => {
    write('{\n  "apps": [{ "id": "app", "secret": "hush" ]\n}')
    expect(problems()).toEqual(['pogo.json:2:44: expected , or }'])
  })

  it('say which file does not exist', () => {
    expect(problems(['--config', 'other.json'])).toEqual(['--config other.json: does not exist'])
    expect(problems(['--config', '.'])).toEqual(['.: is no file'])
  })

  it('find ids and keys that two apps share', () => {
    write({
      apps: [
        { id: 'a', secret: 's', tokens: [{ key: 'k', secret: 's' }] },
        { id: 'b', key: 'a', secret: 's' },
        { id: 'a', key: 'd', secret: 's', tokens: [{ key: 'k', secret: 's' }] },
      ],
    })
    expect(problems()).toEqual([
      'pogo.json: apps[1].key: "a" is taken by pogo.json: apps[0].key',
      'pogo.json: apps[2].id: "a" is taken by pogo.json: apps[0].id',
      'pogo.json: apps[2].tokens[0].key: "k" is taken by pogo.json: apps[0].tokens[0].key',
    ])
  })

  it.each([
    [['--app-secert', 'hush-hush', '--dev']],
    [['--app-secret', 'hush', 'hush-hush', '--dev']],
    [['--dev', 'hush-hush']],
    [['--app-secert=hush-hush', '--dev']],
    [['--playground', '--playground-token', 'hush hush', '--dev']],
    [['--app-id', 'a', '--app-secret', '-hush-hush']],
  ])('never show what may be a secret: %j', (args) => {
    expect(problems(args).join('\n')).toMatch(/^(?!.*hush)/s)
    expect(problems(args)).not.toEqual([])
  })

  it('show neither secrets of the file nor credentials in addresses', () => {
    write({
      apps: [
        { id: 'a', secret: ['hush'], tokens: 'hush' },
        'hush',
        {
          id: 'b',
          secret: 5,
          webhooks: [{ url: 'http://me:hush@x', headers: { A: 'hush\n', 'b c': 'hush' } }],
        },
      ],
      playground: 'hush',
    })
    expect(problems().join('\n')).toMatch(/^(?!.*hush)/s)
    expect(problems()).toHaveLength(8)
  })

  it('stop being listed one by one after a hundred', () => {
    write({ apps: Array.from({ length: 300 }, () => null) })
    expect(() => load()).toThrow(/^300 problems[^]*and 200 more$/)
  })
})

describe('development mode', () => {
  it('has a demo app, and a page without a token', () => {
    const { config, options } = load(['--dev'])
    expect(config.apps).toMatchObject([{ id: 'app', key: 'key', secret: 'secret' }])
    expect(config.playground).toEqual({ token: null })
    expect(options).toContainEqual({ path: 'apps[0].id', value: 'app', origin: '--dev' })
  })

  it('serves the apps that are given instead', () => {
    write({ apps: [app] })
    expect(load(['--dev']).config.apps.map(({ id }) => id)).toEqual(['file-app'])
  })

  it.each(['0.0.0.0', '::', '192.168.0.1', 'example.com'])('refuses the host %s', (host) => {
    expect(problems(['--dev', '--host', host])).toEqual([
      expect.stringMatching(/^--host: .*this machine only/),
    ])
  })

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('accepts the host %s', (host) => {
    expect(load(['--dev', '--host', host]).config.host).toBe(host)
  })
})

describe('the page', () => {
  const args = ['--app-id', 'a', '--app-secret', 'b']

  it('is off without being asked for', () => {
    expect(load(args).config.playground).toBeNull()
  })

  it('gets another random token at each start', () => {
    const tokens = [0, 1].map(() => load([...args, '--playground']).config.playground?.token ?? '')
    expect(tokens[0]).toMatch(/^[\w-]{24,}$/)
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('keeps a token that is given, and shows it to nobody', () => {
    const { config, options } = load([...args, '--playground-token', 'hush-hush'])
    expect(config.playground).toEqual({ token: 'hush-hush' })
    expect(options).toContainEqual({ path: 'playground.token', value: '***', origin: '--playground-token' })
  })
})

it('shows every option but no secret', () => {
  write({
    apps: [
      {
        ...app,
        tokens: [{ key: 'k', secret: 'hush' }],
        webhooks: [{ url: 'http://x', headers: { A: 'hush' } }],
      },
    ],
  })
  const { options } = load()
  expect(JSON.stringify(options)).not.toMatch(/hush|file-secret/)
  expect(options).toContainEqual({
    path: 'apps[0].webhooks[0].headers',
    value: { A: '***' },
    origin: 'pogo.json: apps[0].webhooks[0].headers',
  })
})

it('answers any flags, variables and file with a configuration or with ERR_CONFIG_INVALID', () => {
  const name = fc.constantFrom(
    '--port',
    '--host',
    '--dev',
    '--app-id',
    '--app-secret',
    '--config',
    '--prot',
    '--',
    '-x',
  )
  const flag = fc.oneof(
    name,
    fc.tuple(name, fc.string()).map(([key, text]) => `${key}=${text}`),
    fc.string(),
  )
  const variable = fc.constantFrom(
    'POGO_WS_PORT',
    'POGO_WS_DEV',
    'POGO_WS_X',
    'WS_APP_ID',
    'WS_APP_SECRET',
    '__proto__',
  )
  const input = fc.tuple(fc.array(flag), fc.dictionary(variable, fc.string()), fc.string())
  fc.assert(
    fc.property(input, ([args, env, file]) => {
      write(file)
      try {
        load(args, env)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
      }
    }),
    { numRuns: 1000 },
  )
})
