import fc from 'fast-check'
import type { Logger } from 'pogo-websocket'
import { describe, expect, it } from 'vitest'
import { channelAuth, userAuth } from './support/auth.js'
import type { FrameStep, LastWords } from './support/fuzz/frames.js'
import { frameStep, frameText, lastWords, sayLastWords, sendInPieces } from './support/fuzz/frames.js'
import { mutation, spoilText } from './support/fuzz/mutation.js'
import { sendGarbage, sendPipelined } from './support/fuzz/pipeline.js'
import type { RequestStep } from './support/fuzz/requests.js'
import { buildRequest, requestStep } from './support/fuzz/requests.js'
import { connectCrowd } from './support/crowd.js'
import { RawClient } from './support/raw-client.js'
import type { TestServer } from './support/test-server.js'
import { app1, isEvent, signIn, startServer, subscribe } from './support/test-server.js'
import { until } from './support/until.js'

const RUNS = 250
const CONNECTIONS = 4
const FRAMES = 80
const REQUESTS = 120
const MAX_CONNECTIONS = 20

/** What one run of the property sends. */
interface Run {
  readonly connections: readonly { readonly steps: readonly FrameStep[]; readonly end: LastWords }[]
  readonly requests: readonly RequestStep[]
  readonly garbage: Uint8Array
  readonly handshake: Handshake
}

const exactly = <T>(item: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: length, maxLength: length })

const handshakes = fc.record({
  path: mutation,
  header: fc.constantFrom(
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Version',
    'Sec-WebSocket-Extensions',
    'Origin',
    'X',
  ),
  value: fc.string({ maxLength: 40 }).map((text) => text.trim()),
})
type Handshake = typeof handshakes extends fc.Arbitrary<infer T> ? T : never

const runs: fc.Arbitrary<Run> = fc.record({
  connections: exactly(fc.record({ steps: exactly(frameStep, FRAMES), end: lastWords }), CONNECTIONS),
  requests: exactly(requestStep, REQUESTS),
  garbage: fc.uint8Array({ maxLength: 300 }),
  handshake: handshakes,
})

/** What clients sent in a run, and what must not be in any answer or line of the log. */
class Secrets {
  readonly #right = new Set<string>()
  readonly #sent: string[] = []

  /** A text as it was sent, and the signatures that the server expects in it. */
  add(text: string, right: readonly string[]): void {
    this.#sent.push(text)
    for (const digest of right) this.#right.add(digest)
  }

  /** A signature that a client sent itself may come back. */
  expectNoneIn(text: string): void {
    if (text.includes(app1.secret)) throw new Error(`it tells the secret: ${text}`)
    for (const [digest] of text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}/g)) {
      const isNews = !this.#sent.some((sent) => sent.includes(digest))
      if (this.#right.has(digest) && isNews) throw new Error(`it tells a signature: ${text}`)
    }
  }

  clear(): void {
    this.#right.clear()
    this.#sent.length = 0
  }
}

/** The signatures that the server expects in a message. */
function rightSignatures(text: string, socketId: string): string[] {
  try {
    const { data } = JSON.parse(text) as { data: Record<string, unknown> }
    const { channel, channel_data: channelData, user_data: userData } = data
    const right: string[] = []
    if (typeof channel === 'string') {
      right.push(channelAuth(app1, socketId, channel))
      if (typeof channelData === 'string') right.push(channelAuth(app1, socketId, channel, channelData))
    }
    if (typeof userData === 'string') right.push(userAuth(app1, socketId, userData))
    return right.map((auth) => auth.slice(app1.key.length + 1))
  } catch {
    return [] // no message, so nothing is expected in it
  }
}

describe('a server under random and mutated input', () => {
  // covers: SEC-10, SEC-14
  it('goes on serving, tells no secret, and keeps nothing', { timeout: 120_000 }, async () => {
    const lines: { level: string; text: string }[] = []
    const logger = recordingLogger((level, text) => lines.push({ level, text }))
    const secrets = new Secrets()
    const count = { frames: 0, requests: 0, handshakes: 0 }
    await using server = await startFuzzed(logger)
    await using witness = await server.connect()
    await subscribe(witness, 'witness')

    const sendFrames = async ({ steps, end }: Run['connections'][number]): Promise<void> => {
      const client = await server.connect()
      for (const step of steps) {
        const text = frameText(step, client.socketId)
        secrets.add(text, rightSignatures(text, client.socketId))
        sendInPieces(client, text, step.pieces)
        count.frames++
      }
      client.send({ event: 'pusher:unsubscribe', data: { channel: 'the-end' } })
      await client.next(({ text }) => text.includes('the-end'), { timeoutMs: 10_000 })
      sayLastWords(client, end)
      client.end()
      await client.closed({ timeoutMs: 10_000 })
      for (const { text } of client.inbox.items) secrets.expectNoneIn(text)
      secrets.expectNoneIn(client.closeFrame?.reason ?? '')
    }

    const sendRequests = async ({ requests, garbage }: Run): Promise<void> => {
      const built = requests.map(buildRequest)
      for (const { bytes, rightSignatures: right } of built) secrets.add(bytes.toString(), right)
      const answers = await sendPipelined(
        server.port,
        built.map(({ bytes }) => bytes),
      )
      expect(answers).toHaveLength(requests.length + 1)
      count.requests += requests.length
      for (const [index, { status, text }] of answers.entries()) {
        if (status < 200 || status >= 500)
          throw new Error(`${status} answers ${built[index]?.bytes.toString()}`)
        secrets.expectNoneIn(text)
      }
      expect(await sendGarbage(server.port, garbage)).toMatch(/^$|^HTTP\/1\.1 4\d\d /)
    }

    const shakeHands = async ({ path, header, value }: Handshake): Promise<void> => {
      const target = spoilText('/app/key1?protocol=7&client=js&version=8.4.0', path)
      const printable = `/${target}`.replace(/[^\x21-\x7e]/g, '').replace(/^\/+/, '/')
      await using client = await RawClient.connect(server.wsUrl, {
        path: printable,
        headers: { [header]: value },
      })
      expect([101, 400, 426]).toContain(client.handshake.status)
      count.handshakes++
    }

    const property = fc.asyncProperty(runs, async (run) => {
      await Promise.all([...run.connections.map(sendFrames), sendRequests(run), shakeHands(run.handshake)])
      await server.publish('witness', 'tick', '{}')
      await witness.next(isEvent('witness', 'tick'), { timeoutMs: 10_000 })
      for (const { level, text } of lines.splice(0)) {
        if (level === 'error') throw new Error(`the server logged an error: ${text}`)
        secrets.expectNoneIn(text)
      }
      secrets.clear()
    })
    // Shrinking would repeat thousands of runs; seed and path are enough to repeat the one that failed.
    const outcome = await fc.check(property, { numRuns: RUNS, endOnFailure: true, ...seedFromEnvironment() })
    if (outcome.failed) {
      const { seed, counterexamplePath: path, errorInstance: cause } = outcome
      throw new Error(`FUZZ_SEED=${seed} FUZZ_PATH=${path} repeats this failure: ${String(cause)}`, { cause })
    }
    process.stdout.write(
      `sent ${count.frames} frames, ${count.requests} requests, ${count.handshakes} handshakes\n`,
    )
    expect(count.frames + count.requests).toBeGreaterThanOrEqual(100_000)
    expect(Object.keys(Object.prototype)).toEqual([])

    await witness.close()
    await expectNothingHeld(server)
    await expectServing(server)
  })
})

function startFuzzed(logger: Logger): Promise<TestServer> {
  return startServer({
    logger,
    metrics: { port: 0 },
    app1: {
      subscriptionCount: true,
      subscriptionCountIntervalMs: 0,
      watchlist: true,
      subscriptionErrors: 'both',
      webhookDelayMs: 10,
      webhooks: [{ url: 'http://127.0.0.1:9/', retrySeconds: 0 }],
      limits: { clientEventsPerSecond: 100_000, connections: MAX_CONNECTIONS },
    },
  })
}

/** No channel, member, user or connection is left. */
async function expectNothingHeld(server: TestServer): Promise<void> {
  const gauges = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(server.server.metricsUrl ?? '')).text()
    const found = text.matchAll(/^pogo_websocket_(\w+)\{app_id="app1"\} (\S+)$/gm)
    return Object.fromEntries([...found].map(([, name = '', amount]) => [name, Number(amount)]))
  }
  const left = await until(
    gauges,
    ({ connections_active: open, topics_active: topics }) => open === 0 && topics === 0,
  )
  expect(left).toMatchObject({ connections_active: 0, subscriptions_active: 0, topics_active: 0 })
  expect(left.connections_opened_total).toBe(left.connections_closed_total)
  expect((await server.api('/channels')).json).toEqual({ channels: {} })
  for (const channel of ['presence-a', 'presence-b', 'presence-cache-a']) {
    expect((await server.api(`/channels/${channel}/users`)).json).toEqual({ users: [] })
  }
}

/** Every place for a connection is free, no user is online, and events arrive. */
async function expectServing(server: TestServer): Promise<void> {
  await using crowd = await connectCrowd(server, MAX_CONNECTIONS)
  await signIn(crowd.at(0), { id: 'watcher', watchlist: ['u1', 'u2'] })
  const { payload } = await crowd.at(0).next('pusher_internal:watchlist_events')
  expect(payload).toEqual({ events: [{ name: 'offline', user_ids: ['u1', 'u2'] }] })
  for (const client of crowd) await subscribe(client, 'presence-a', { userId: '1' })
  await server.publish('presence-a', 'e', '{}')
  for (const client of crowd) await client.next(isEvent('presence-a', 'e'))
}

function recordingLogger(record: (level: string, text: string) => void): Logger {
  const at =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      const { err, ...rest } = fields
      record(level, `${message} ${JSON.stringify(rest)} ${err instanceof Error ? (err.stack ?? '') : ''}`)
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), trace: at('trace') }
}

/** `FUZZ_SEED` and `FUZZ_PATH` repeat a run that failed. */
function seedFromEnvironment(): { seed?: number; path?: string } {
  const { FUZZ_SEED: seed, FUZZ_PATH: path } = process.env
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) }
}
