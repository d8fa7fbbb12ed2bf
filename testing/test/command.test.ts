import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generate } from 'selfsigned'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { AppCredentials } from './support/auth.js'
import { Command, commandFile, type ServingCommand } from './support/command.js'
import { RawClient } from './support/raw-client.js'
import { until } from './support/until.js'
import { WebhookReceiver } from './support/webhook-receiver.js'

const directories: string[] = []
let cwd = ''

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'pogo-command-'))
  directories.push(cwd)
})

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true })
})

const app: AppCredentials = { id: 'shop', key: 'shop-key', secret: 'hush-hush-secret' }
const appFlags = ['--app-id', app.id, '--app-key', app.key, '--app-secret', app.secret]

function writeConfig(config: unknown, name = 'pogo.json'): void {
  writeFileSync(path.join(cwd, name), typeof config === 'string' ? config : JSON.stringify(config))
}

function serve(...args: string[]): Promise<ServingCommand> {
  return Command.serve(args, { cwd })
}

async function connect({ ready }: ServingCommand, key = app.key): Promise<RawClient> {
  const url = `${ready.url.replace(/^http/, 'ws')}/app/${key}?protocol=7`
  const client = await RawClient.connect(url)
  await client.established()
  return client
}

describe('pogo start --json', () => {
  it('tells where it serves in the first line on stdout, and logs to stderr', async () => {
    await using command = await serve(...appFlags, '--log-level', 'trace')
    expect(Object.keys(command.ready)).toEqual(
      'event url host port pid apps playgroundUrl metricsUrl'.split(' '),
    )
    const { port, pid } = command.ready
    expect(command.ready).toEqual({
      event: 'ready',
      url: `http://127.0.0.1:${port}`,
      host: '127.0.0.1',
      port,
      pid: command.process.pid,
      apps: [{ id: 'shop', key: 'shop-key' }],
      playgroundUrl: null,
      metricsUrl: null,
    })
    expect(pid).toBeGreaterThan(0)
    expect((await fetch(`${command.ready.url}/up`)).status).toBe(200)
    await using client = await connect(command)
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: `${app.key}:00` } })
    await client.next('pusher:error')

    command.signal('SIGTERM')
    const { code, stdout, stderr } = await command.ended()
    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(2)
    const logged = stderr.trim().split('\n')
    for (const line of logged) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) as string })
    expect(stdout + stderr).not.toContain(app.secret)
  })

  it('tells the addresses of page and metrics when there are any', async () => {
    await using command = await serve(...appFlags, '--playground', '--metrics-port', '0', '--path', '/ws/')
    const { url, playgroundUrl, metricsUrl } = command.ready
    expect(url).toMatch(/:\d+\/ws$/)
    expect(playgroundUrl).toMatch(/\/ws\/\?token=[\w-]{24,}$/)
    expect(metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    expect((await fetch(`${url}/up`)).status).toBe(200)
    expect(await (await fetch(metricsUrl!)).text()).toContain('pogo_websocket_')
  })

  it('serves https with a certificate', async () => {
    const pair = await generate([{ name: 'commonName', value: 'localhost' }])
    writeFileSync(path.join(cwd, 'server.crt'), pair.cert)
    writeFileSync(path.join(cwd, 'server.key'), pair.private)
    await using command = await serve(...appFlags, '--tls-cert', 'server.crt', '--tls-key', 'server.key')
    expect(command.ready.url).toMatch(/^https:/)
  })
})

describe('pogo start', () => {
  it('greets people with addresses and keys, and no secret', async () => {
    const args = ['start', '--port', '0', ...appFlags, '--playground', '--playground-token', 'page-token']
    await using command = new Command(args, { cwd })
    await command.line((line) => line.includes('/?token=page-token'))
    expect(command.stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+/)
    expect(command.stdout).toContain('shop-key')
    expect(command.stdout).not.toContain(app.secret)
  })

  it('has a demo app and an open page in development', async () => {
    await using command = new Command(['playground', '--port', '0'], { cwd })
    const line = await command.line((text) => text.includes('page'))
    expect(command.stdout).toMatch(/key key, secret secret/)
    const response = await fetch(/http:\S+/.exec(line)![0])
    expect(response.status).toBe(200)
  })

  it('takes the app from the environment, and from no .env file', async () => {
    writeFileSync(path.join(cwd, '.env'), 'WS_APP_ID=dotenv\nWS_APP_SECRET=dotenv\n')
    expect((await Command.run(['start'], { cwd })).code).toBe(2)
    const env = { WS_APP_ID: 'env', WS_APP_SECRET: 'hush' }
    await using command = await Command.serve([], { cwd, env })
    expect(command.ready.apps).toEqual([{ id: 'env', key: 'env' }])
  })

  it.runIf(process.platform === 'linux')(
    'warns of too few open files in one line with the way out',
    async () => {
      const through = ['/bin/sh', '-c', 'ulimit -n 300; exec "$0" "$@"', process.execPath]
      await using command = await Command.serve(appFlags, { cwd, through })
      const stderr = await until(
        () => command.stderr,
        (text) => text.includes('open files'),
      )
      expect(JSON.parse(stderr)).toMatchObject({ level: 'warn', limit: 300, needed: 10_100 })
      expect(stderr).toContain('ulimit -n')
    },
  )
})

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s closes connections with 4200 and ends with 0',
    async (signal) => {
      await using command = await serve(...appFlags)
      await using client = await connect(command)
      command.signal(signal)
      expect(await client.closed()).toMatchObject({ code: 4200 })
      expect(await command.ended()).toMatchObject({ code: 0, signal: null })
    },
  )

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a second %s ends at once with %i', async (signal, code) => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerAlways('hang')
    writeConfig({
      apps: [{ ...app, webhooks: [{ url: receiver.url, maxBatchWaitMs: 0, timeoutMs: 60_000 }] }],
    })
    await using command = await serve()
    await using client = await connect(command)
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    await receiver.deliveries.next(() => true)

    command.signal('SIGTERM')
    // The server has begun to stop, and waits for the webhook.
    await client.closed()
    expect(command.process.exitCode).toBeNull()
    command.signal(signal)
    expect(await command.ended(2000)).toMatchObject({ code, signal: null })
  })

  it('--exit-with-parent stops when stdin ends', async () => {
    await using command = await serve(...appFlags, '--exit-with-parent')
    await using client = await connect(command)
    command.process.stdin?.end()
    expect(await client.closed()).toMatchObject({ code: 4200 })
    expect(await command.ended()).toMatchObject({ code: 0 })
  })

  it.skipIf(process.platform === 'win32')('--exit-with-parent stops when its parent is killed', async () => {
    // A shell that does not exec, so that it is the parent; what it starts in the background has no stdin.
    const through = ['/bin/sh', '-c', '"$0" "$@" & wait', process.execPath]
    await using command = await Command.serve([...appFlags, '--exit-with-parent'], { cwd, through })
    expect(command.ready.pid).not.toBe(command.process.pid)
    await using client = await connect(command)
    command.signal('SIGKILL')
    expect(await client.closed()).toMatchObject({ code: 4200 })
    // The streams close when the server, too, is gone.
    await command.ended()
  })

  it('goes on without stdin unless told otherwise', async () => {
    await using command = await serve(...appFlags)
    command.process.stdin?.end()
    await using client = await connect(command)
    await client.barrier()
    expect(command.process.exitCode).toBeNull()
  })
})

describe('failures', () => {
  it.each(['--port', '--metrics-port'])('a taken %s ends with 1 and says which port', async (flag) => {
    const taken = net.createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as net.AddressInfo
    try {
      const args = ['start', '--json', ...appFlags, '--port', '0', flag, String(port)]
      const { code, stdout, stderr } = await Command.run(args, { cwd })
      expect(code).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toMatch(new RegExp(`\\b${port}\\b.* in use`))
    } finally {
      await new Promise((resolve) => taken.close(resolve))
    }
  })

  it('wrong configuration ends with 2 and tells everything at once', async () => {
    writeConfig({ prot: 1, apps: [{ id: 'a', secret: 5, limits: { connections: 'x' } }] })
    const env = { POGO_WS_PORT: '99999', POGO_WS_HOTS: 'x' }
    const { code, stdout, stderr } = await Command.run(['start', '--jsno', '--path', 'x y'], { cwd, env })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    for (const origin of [
      '--jsno: unknown flag; did you mean --json?',
      '--path: got "x y"',
      'POGO_WS_PORT: 99999',
      'POGO_WS_HOTS: unknown variable; did you mean POGO_WS_HOST?',
      'pogo.json: prot: unknown option; did you mean port?',
      'pogo.json: apps[0].secret: got a number',
      'pogo.json: apps[0].limits.connections: got "x"',
    ]) {
      expect(stderr).toContain(origin)
    }
  })

  it('no app ends with 2 and names three ways to give one', async () => {
    const { code, stderr } = await Command.run(['start'], { cwd })
    expect(code).toBe(2)
    for (const way of ['--app-id', 'WS_APP_ID', 'pogo.json']) expect(stderr).toContain(way)
  })

  it('development on a host that others reach ends with 2', async () => {
    const { code, stderr } = await Command.run(['start', '--dev', '--host', '0.0.0.0'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('--host: "0.0.0.0"')
  })

  it('a certificate without its key, and one that is none, end with 2', async () => {
    const alone = await Command.run(['start', ...appFlags, '--tls-cert', 'none.crt'], { cwd })
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('--tls-key: missing') as string })
    writeFileSync(path.join(cwd, 'x.pem'), 'no certificate')
    const wrong = await Command.run(['start', ...appFlags, '--tls-cert', 'x.pem', '--tls-key', 'x.pem'], {
      cwd,
    })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--tls-cert: ') as string })
  })

  it.each([
    [['strat'], 'did you mean start?'],
    [['config', 'chek'], 'did you mean check?'],
    [['--port', '1'], 'before its flags'],
    [['__proto__'], 'unknown command'],
    [['start', '--__proto__'], 'unknown flag'],
    [['start', '--workers', '2'], 'unknown flag'],
    [[], 'pogo start'],
  ])('%j ends with 2', async (args, text) => {
    const { code, stdout, stderr } = await Command.run(args, { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
  })
})

describe('pogo config', () => {
  it('check passes what start would take, and refuses what it would not', async () => {
    writeConfig({ apps: [app] })
    expect(await Command.run(['config', 'check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
    const { code, stdout, stderr } = await Command.run(['config', 'check', '--port', 'x'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--port: got "x"')
  })

  it('explain shows every option with its origin, and no secret', async () => {
    writeConfig({
      apps: [
        {
          ...app,
          tokens: [{ key: 'new', secret: 'hush-too' }],
          webhooks: [{ url: 'http://x', headers: { A: 'hush' } }],
        },
      ],
    })
    const env = { POGO_WS_MAX_CONNECTIONS: '5' }
    const args = ['config', 'explain', '--port', '9', '--playground-token', 'hush-token']
    const { code, stdout } = await Command.run(args, { cwd, env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^port +9 +--port$/m)
    expect(stdout).toMatch(/^maxConnections +5 +POGO_WS_MAX_CONNECTIONS$/m)
    expect(stdout).toMatch(/^host +"127.0.0.1" +default$/m)
    expect(stdout).toMatch(/^apps\[0\]\.secret +\*\*\* +pogo\.json: apps\[0\]\.secret$/m)
    expect(stdout).not.toContain('hush')
    const json = await Command.run([...args, '--json'], { cwd, env })
    expect(JSON.parse(json.stdout)).toContainEqual({ path: 'port', value: 9, origin: '--port' })
    expect(json.stdout).not.toContain('hush')
  })

  it('schema prints a JSON Schema', async () => {
    const { code, stdout } = await Command.run(['config', 'schema'], { cwd })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { port: { default: 8080 } } })
  })
})

describe('help', () => {
  it('of the command names the commands', async () => {
    const { code, stdout } = await Command.run(['--help'], { cwd })
    expect(code).toBe(0)
    for (const name of ['pogo start', 'pogo playground', 'pogo config']) expect(stdout).toContain(name)
  })

  it.each(['start', 'playground', 'config'])('of %s names its flags', async (name) => {
    const { code, stdout } = await Command.run([name, '--port', '1', '--help'], { cwd })
    expect(code).toBe(0)
    expect(
      stdout
        .match(/^ {2}--[a-z-]+/gm)
        ?.map((flag) => flag.trim())
        .sort(),
    ).toEqual(
      (
        '--app-id --app-key --app-secret --config --dev --exit-with-parent --host --json --log-level ' +
        '--metrics-port --path --playground --playground-token --port --tls-cert --tls-key'
      ).split(' '),
    )
  })

  it('tells the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(await Command.run(['--version'], { cwd })).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})

it('the reference page of the configuration is fresh', () => {
  const script = path.join(path.dirname(commandFile), '..', '..', 'scripts', 'generate-docs.js')
  expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toBe('')
})
