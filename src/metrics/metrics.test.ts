import { describe, expect, it } from 'vitest'
import { createLocalAdapter } from '../adapters/local.js'
import type { App } from '../apps/app.js'
import { ConfigApps } from '../apps/config-apps.js'
import { signatureAuthorizer } from '../auth/signature-authorizer.js'
import { systemClock } from '../clock.js'
import type { Transport, WebhookDelivery, WebhookOutcome } from '../contracts.js'
import { Emitter } from '../emitter.js'
import { ServerError } from '../errors.js'
import type { HubEvent } from '../hub/events.js'
import { Hub } from '../hub/hub.js'
import { silentLogger } from '../log.js'
import { createMetrics, listenMetrics } from './index.js'

describe('createMetrics', () => {
  it('tells of the connections, subscriptions and messages of a hub', async () => {
    await using server = await start()
    const connection = await server.connect()
    connection.receive('{"event":"pusher:subscribe","data":{"channel":"news"}}')
    connection.receive('{"event":"pusher:subscribe","data":{"channel":"news"}}')
    connection.receive('{"event":"pusher:subscribe","data":{"channel":"private-a"}}')
    await server.seen('auth_failed')
    await server.publish('news')
    const scraped = await server.values()
    expect(scraped).toMatchObject({
      'connections_active{app_id="app"}': 1,
      'connections_opened_total{app_id="app"}': 1,
      'subscriptions_active{app_id="app"}': 1,
      'topics_active{app_id="app"}': 1,
      'messages_received_total{app_id="app"}': 3,
      'messages_delivered_total{app_id="app"}': 1,
      'broadcasts_total{app_id="app"}': 1,
      'events_published_total{app_id="app"}': 1,
      'auth_failures_total{app_id="app",reason="missing_signature"}': 1,
      'errors_sent_total{app_id="app",code="none"}': 2,
    })
    expect(scraped['received_bytes_total{app_id="app"}']).toBeGreaterThan(100)
    expect(scraped['delivered_bytes_total{app_id="app"}']).toBeGreaterThan(20)

    connection.disconnected()
    expect(await server.values()).toMatchObject({
      'connections_active{app_id="app"}': 0,
      'connections_closed_total{app_id="app"}': 1,
      'messages_received_total{app_id="app"}': 3,
    })
  })

  it('tells by code which connections the server ended', async () => {
    await using server = await start()
    server.events.emit({ type: 'connection_ended', appId: 'app', code: 4201 })
    server.events.emit({ type: 'connection_ended', appId: 'app', code: 4201 })
    server.events.emit({ type: 'connection_ended', appId: '', code: 4001 })
    expect(await server.values()).toMatchObject({
      'connections_ended_total{app_id="app",code="4201"}': 2,
      'connections_ended_total{app_id="",code="4001"}': 1,
    })
  })

  it('tells why publishing failed, in a bounded set of words', async () => {
    await using server = await start()
    const unavailable = new ServerError('ERR_BROKER_UNAVAILABLE', 'gone')
    for (const error of [unavailable, new Error('text 1'), new Error('text 2'), null]) {
      server.events.emit({ type: 'publish_failed', appId: 'app', channel: 'a', error })
    }
    expect(await server.values()).toMatchObject({
      'publish_failures_total{app_id="app",reason="ERR_BROKER_UNAVAILABLE"}': 1,
      'publish_failures_total{app_id="app",reason="other"}': 3,
    })
  })

  it('tells how webhooks end, and how many events were lost', async () => {
    await using server = await start()
    server.queue.size = 4
    server.queue.tell(3, 'delivered')
    server.queue.tell(3, 'retried')
    server.queue.tell(3, 'given_up')
    server.queue.tell(2, 'dropped')
    expect(await server.values()).toMatchObject({
      webhook_queue_size: 4,
      'webhook_deliveries_total{app_id="app",outcome="delivered"}': 1,
      'webhook_deliveries_total{app_id="app",outcome="retried"}': 1,
      'webhook_deliveries_total{app_id="app",outcome="given_up"}': 1,
      'webhook_deliveries_total{app_id="app",outcome="dropped"}': 1,
      'webhook_dropped_total{app_id="app"}': 5,
    })
  })

  it('tells of the process and of its event loop since the last scrape', async () => {
    await using server = await start()
    // The monitor measures from one of its ticks to the next; a tick comes between two of these.
    for (let block = 0; block < 4; block += 1) {
      const until = Date.now() + 50
      while (Date.now() < until);
      await new Promise((resolve) => setImmediate(resolve))
    }
    const scraped = await server.values()
    expect(scraped['event_loop_delay_seconds{quantile="1"}']).toBeGreaterThan(0.02)
    expect(scraped['event_loop_delay_seconds{quantile="0.5"}']).toBeGreaterThanOrEqual(0)
    expect(scraped['event_loop_delay_seconds{quantile="0.99"}']).toBeGreaterThanOrEqual(0)
    expect(scraped.process_resident_memory_bytes).toBeGreaterThan(10_000_000)
    expect(scraped['process_cpu_seconds_total{mode="user"}']).toBeGreaterThan(0)
    expect(scraped.process_start_time_seconds).toBeLessThan(Date.now() / 1000)
  })

  it('keeps two servers of one process apart', async () => {
    await using one = await start()
    await using other = await start()
    one.events.emit({ type: 'connection_opened', appId: 'app', socketId: '1.1' })
    expect((await one.values())['connections_opened_total{app_id="app"}']).toBe(1)
    expect((await other.values())['connections_opened_total{app_id="app"}']).toBeUndefined()
  })

  it('counts nothing after its end', async () => {
    await using server = await start()
    server.metrics.close()
    server.events.emit({ type: 'connection_opened', appId: 'app', socketId: '1.1' })
    server.queue.tell(1, 'dropped')
    expect(await server.metrics.scrape()).toBe('\n')
  })
})

describe('listenMetrics', () => {
  it('serves GET /metrics and nothing else', async () => {
    await using server = await start()
    const listener = await listenMetrics(server.metrics, { host: '127.0.0.1', port: 0 })
    const answer = await fetch(listener.url)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await answer.text()
    expect(text).toContain('\n# TYPE pogo_websocket_webhook_queue_size gauge\n')
    for (const line of text.split('\n'))
      expect(line).toMatch(/^$|^# (HELP|TYPE) pogo_websocket_|^pogo_websocket_/)

    expect((await fetch(`${listener.url}?a=1`)).status).toBe(200)
    expect((await fetch(new URL('/', listener.url))).status).toBe(404)
    expect((await fetch(`${listener.url}/more`)).status).toBe(404)
    const posted = await fetch(listener.url, { method: 'POST', body: 'x' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
    expect((await fetch(listener.url, { method: 'HEAD' })).status).toBe(405)
    await listener.close()
    await expect(fetch(listener.url)).rejects.toThrow()
  })

  it('answers 500 without details when the metrics cannot be read', async () => {
    const metrics = {
      contentType: 'text/plain',
      scrape: () => Promise.reject(new Error('secret')),
      close: () => undefined,
    }
    const listener = await listenMetrics(metrics, { host: '127.0.0.1', port: 0 })
    const answer = await fetch(listener.url)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('secret')
    await listener.close()
  })

  it('says which address is in use, and closes the metrics it could not serve', async () => {
    let isClosed = false
    const metrics = {
      contentType: '',
      scrape: () => Promise.resolve(''),
      close: () => {
        isClosed = true
      },
    }
    await using server = await start()
    const listener = await listenMetrics(server.metrics, { host: '127.0.0.1', port: 0 })
    const port = Number(new URL(listener.url).port)
    await expect(listenMetrics(metrics, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1, wanted for metrics, is in use`) as string,
    })
    expect(isClosed).toBe(true)
    await listener.close()
  })

  it('names an address in brackets where it must', async () => {
    await using server = await start()
    const listener = await listenMetrics(server.metrics, { host: '::1', port: 0 })
    expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+\/metrics$/)
    expect((await fetch(listener.url)).status).toBe(200)
    await listener.close()
  })
})

class FakeQueue {
  size = 0
  readonly #listeners: ((delivery: WebhookDelivery, outcome: WebhookOutcome) => void)[] = []

  onOutcome(listener: (delivery: WebhookDelivery, outcome: WebhookOutcome) => void): void {
    this.#listeners.push(listener)
  }

  tell(events: number, outcome: WebhookOutcome): void {
    const delivery = { appId: 'app', events } as WebhookDelivery
    for (const listener of this.#listeners) listener(delivery, outcome)
  }
}

/** A transport to nowhere. */
const transport: Transport = {
  send: () => undefined,
  ping: () => undefined,
  close: () => undefined,
  terminate: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
}

/** An app with as much as these tests ask of it. */
function app(): App {
  const settings: Partial<App> = {
    id: 'app',
    key: 'key',
    secret: 'secret',
    tokens: [{ key: 'key', secret: 'secret' }],
    enabled: true,
    allowedOrigins: null,
    limits: {
      connections: null,
      channelsPerConnection: 10,
      channelNameLength: 164,
      eventNameLength: 200,
      eventPayloadBytes: 1000,
      channelsPerEvent: 10,
      eventsPerBatch: 10,
      clientEventsPerSecond: 10,
      presenceMembers: 10,
      presenceMemberBytes: 1000,
      watchlistUsers: 10,
    },
  }
  return settings as App
}

/** A real hub and a hand-moved queue under metrics; `events` adds what the hub does not do by itself. */
async function start() {
  const hub = new Hub({
    activityTimeoutSeconds: 120,
    pingIntervalSeconds: 60,
    pongTimeoutSeconds: 30,
    limits: { maxConnections: 10, handshakesPerSecond: null, handshakeBurst: 0 },
    apps: new ConfigApps([app()]),
    adapter: createLocalAdapter(),
    authorizer: signatureAuthorizer,
    clock: systemClock,
    log: silentLogger,
  })
  const events = new Emitter<HubEvent>((error) => {
    throw error
  })
  hub.observe((event) => events.emit(event))
  const seen: HubEvent[] = []
  events.observe((event) => seen.push(event))
  const queue = new FakeQueue()
  const metrics = createMetrics({
    hub: {
      get apps() {
        return hub.apps
      },
      observe: (observer) => events.observe(observer),
    },
    webhookQueue: queue,
  })
  return {
    events,
    queue,
    metrics,
    async connect() {
      const request = { key: 'key', protocol: '7', origin: undefined, isSecure: false, remoteAddress: '' }
      const accepted = await hub.decide(request)
      if (!accepted.ok) throw new Error(accepted.error.message)
      return hub.open(accepted, transport)
    },
    async publish(channel: string) {
      const event = { name: 'x', data: 'hello', channels: [channel], exceptSocketId: undefined }
      await (await hub.appHub('app'))?.publishToAll(event)
    },
    async seen(type: HubEvent['type']) {
      while (!seen.some((event) => event.type === type)) await new Promise((resolve) => setImmediate(resolve))
    },
    /** Samples by their name, without the prefix. */
    async values() {
      const samples = (await metrics.scrape()).matchAll(/^pogo_websocket_(\S+) (\S+)$/gm)
      const values = [...samples].map(([, name, value]) => [name, Number(value)] as const)
      return Object.fromEntries(values) as Partial<Record<string, number>>
    },
    async [Symbol.asyncDispose]() {
      metrics.close()
      await hub.drain(0)
    },
  }
}
