import { Api } from './api/router.js'
import { createLocalAdapter } from './adapters/local.js'
import { checkEvent } from './apps/event-limits.js'
import { ConfigApps } from './apps/config-apps.js'
import { signatureAuthorizer } from './auth/signature-authorizer.js'
import { systemClock, type Clock } from './clock.js'
import { resolveOptions, type ServerOptions } from './config/load.js'
import type { ServerConfig } from './config/server-config.js'
import type { Adapter, AppManager, Authorizer, WebhookQueue } from './contracts.js'
import { ServerError } from './errors.js'
import { logHubEvent } from './hub/event-log.js'
import type { HubEvent } from './hub/events.js'
import { Hub } from './hub/hub.js'
import { silentLogger, type Logger } from './log.js'
import type { MetricsListener } from './metrics/listener.js'
import { Page } from './page/page.js'
import { NodeListener } from './transports/node.js'
import { TlsFiles } from './transports/tls-files.js'
import { WebhookCollector } from './webhooks/collector.js'
import { MemoryWebhookQueue } from './webhooks/queue.js'
import { HttpSender } from './webhooks/sender.js'

export type * from './config/server-options.js'

/** Parts that may be replaced by objects of one's own; see `pogo-websocket/contracts`. */
export interface ServerParts {
  /** Delivery and shared state. Default: in memory, for one node. */
  readonly adapter?: Adapter
  /** Where apps come from. Default: the `apps` of the options. */
  readonly appManager?: AppManager
  /** Who may subscribe. Default: checks the signatures that clients bring. */
  readonly authorizer?: Authorizer
  /** How webhooks reach their endpoints. Default: a bounded queue in memory. */
  readonly webhookQueue?: WebhookQueue
  readonly clock?: Clock
  /** Default: silent. A pino logger fits. */
  readonly logger?: Logger
}

/** An event to publish: the same on each of its channels. */
export interface PublishedEvent {
  readonly channels: readonly string[]
  readonly name: string
  /** Handed to subscribers exactly; objects must be encoded as JSON text. */
  readonly data: string
  /** A connection that does not get it. */
  readonly socketId?: string
}

/** Room that a message needs beside an event's data, and what escaping may make of each of its bytes. */
const MESSAGE_OVERHEAD_BYTES = 32_768
const ESCAPED_BYTES = 6
const DEFAULT_EVENT_PAYLOAD_BYTES = 10_240
const MIN_BODY_BYTES = 1_048_576

/**
 * Builds a server; nothing listens until `listen()`. Takes the options of the configuration file and, beside them, parts
 * to be replaced.
 *
 * @throws {ServerError} `ERR_CONFIG_INVALID` with every problem of the options
 */
export function createServer(options: ServerOptions & ServerParts = {}): Server {
  const { adapter, appManager, authorizer, webhookQueue, clock, logger, ...rest } = options
  const parts = { adapter, appManager, authorizer, webhookQueue, clock, logger }
  const config = resolveOptions(rest, { needsApps: appManager === undefined })
  return createServerFromConfig(config, parts)
}

/** Builds a server from a configuration that has been resolved. */
export function createServerFromConfig(
  config: ServerConfig,
  parts: { readonly [Part in keyof ServerParts]: ServerParts[Part] | undefined },
): Server {
  return new Server(config, parts)
}

/** A server and everything it consists of; the one place that chooses and connects the parts. */
export class Server {
  readonly #config: ServerConfig
  readonly #hub: Hub
  readonly #adapter: Adapter
  readonly #listener: NodeListener
  readonly #webhookQueue: WebhookQueue
  readonly #collector: WebhookCollector
  readonly #log: Logger
  #metrics: MetricsListener | null = null
  #port: number | null = null
  #listening: Promise<void> | null = null
  #closing: Promise<void> | null = null

  /** @internal use {@link createServer} */
  constructor(
    config: ServerConfig,
    parts: { readonly [Part in keyof ServerParts]: ServerParts[Part] | undefined } = {},
  ) {
    const clock = parts.clock ?? systemClock
    const log = parts.logger ?? silentLogger
    this.#config = config
    this.#log = log
    this.#adapter = parts.adapter ?? createLocalAdapter(clock)
    this.#hub = new Hub({
      ...config,
      limits: config,
      apps: parts.appManager ?? new ConfigApps(config.apps),
      adapter: this.#adapter,
      authorizer: parts.authorizer ?? signatureAuthorizer,
      clock,
      log,
    })
    this.#webhookQueue = parts.webhookQueue ?? new MemoryWebhookQueue(new HttpSender(clock), clock, log)
    this.#collector = new WebhookCollector(this.#webhookQueue, clock, (appId) => this.#hub.appOf(appId), log)
    this.#hub.observe((event) => {
      logHubEvent(log, event)
      this.#collector.observe(event)
    })
    const payloadBytes = Math.max(
      DEFAULT_EVENT_PAYLOAD_BYTES,
      ...config.apps.map(({ limits }) => limits.eventPayloadBytes),
    )
    const batchBytes = Math.max(
      0,
      ...config.apps.map(({ limits }) => limits.eventsPerBatch * limits.eventPayloadBytes),
    )
    this.#listener = new NodeListener(
      {
        ...config,
        tls: config.tls === null ? null : new TlsFiles(config.tls, log),
        maxPayloadBytes: payloadBytes * ESCAPED_BYTES + MESSAGE_OVERHEAD_BYTES,
        maxBodyBytes: Math.max(MIN_BODY_BYTES, batchBytes * ESCAPED_BYTES + MESSAGE_OVERHEAD_BYTES),
      },
      {
        hub: this.#hub,
        api: new Api(this.#hub, clock, log),
        page:
          config.playground === null ? null : new Page({ ...config, ...config.playground, hub: this.#hub }),
        log,
      },
    )
  }

  /**
   * Begins to serve.
   *
   * @throws {ServerError} `ERR_ADDRESS_IN_USE` or `ERR_ADDRESS_UNAVAILABLE`
   */
  listen(): Promise<void> {
    if (this.#listening !== null || this.#closing !== null) {
      return Promise.reject(
        new ServerError('ERR_SERVER_STATE', 'listen() may be called once, and not after close()'),
      )
    }
    this.#listening = this.#listen()
    return this.#listening
  }

  async #listen(): Promise<void> {
    this.#port = await this.#listener.listen()
    if (this.#config.metrics === null) return
    const { createMetrics, listenMetrics } = await import('./metrics/index.js')
    try {
      const metrics = createMetrics({ hub: this.#hub, webhookQueue: this.#webhookQueue })
      this.#metrics = await listenMetrics(metrics, this.#config.metrics)
    } catch (error) {
      await this.#listener.close(0)
      throw error
    }
  }

  /** The host as configured. */
  get host(): string {
    return this.#config.host
  }

  /** The port in use; known after `listen()`. */
  get port(): number {
    if (this.#port === null) throw new ServerError('ERR_SERVER_STATE', 'the port is known after listen()')
    return this.#port
  }

  /** Where clients on this machine reach the server, with the configured prefix: `http://127.0.0.1:8080`. */
  get url(): string {
    const scheme = this.#config.tls === null ? 'http' : 'https'
    return `${scheme}://${reachable(this.host)}:${String(this.port)}${this.#config.path}`
  }

  /** The page, with its token if it needs one; `null` when there is none. */
  get playgroundUrl(): string | null {
    const { playground } = this.#config
    if (playground === null) return null
    return playground.token === null
      ? `${this.url}/`
      : `${this.url}/?token=${encodeURIComponent(playground.token)}`
  }

  get metricsUrl(): string | null {
    return this.#metrics?.url ?? null
  }

  /**
   * Publishes an event to the subscribers of its channels, on every node.
   *
   * @throws {ServerError} `ERR_APP_UNKNOWN`, `ERR_PUBLISH_INVALID` naming value and limit, `ERR_BROKER_UNAVAILABLE`,
   * `ERR_SERVER_STATE` after close()
   */
  async publish(appId: string, { channels, name, data, socketId }: PublishedEvent): Promise<void> {
    if (this.#closing !== null)
      throw new ServerError('ERR_SERVER_STATE', 'the server is closed, nothing is delivered')
    const hub = await this.#hub.appHub(appId)
    if (hub === null) throw new ServerError('ERR_APP_UNKNOWN', `No app has the id '${appId}'`)
    const event = checkEvent({ channels, name, data, socketId }, hub.app.limits)
    if ('problem' in event) throw new ServerError('ERR_PUBLISH_INVALID', event.problem)
    await hub.publishToAll(event)
  }

  /** Everything that happens, in order, until the answer is called. An observer may not block. */
  observe(observer: (event: HubEvent) => void): () => void {
    return this.#hub.observe(observer)
  }

  /**
   * Refuses new connections, closes those there are with 4200 in paced batches, delivers what webhooks are waiting, and
   * lets go of everything within `shutdownTimeoutSeconds`. May be called any number of times.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const deadline = performance.now() + this.#config.shutdownTimeoutSeconds * 1000
    const leftMs = (): number => Math.max(0, deadline - performance.now())
    // Whoever called listen() is told of its failure; here it only has to be over.
    await this.#listening?.catch(() => undefined)
    // Half of the time at most, so that webhooks have the rest even when a store hangs.
    await this.#within('connections', leftMs() / 2, this.#hub.drain(leftMs() / 4))
    this.#collector.flush()
    await this.#within('webhooks', leftMs(), this.#webhookQueue.close(leftMs() / 2))
    await this.#listener.close(leftMs())
    await this.#metrics?.close()
    await this.#within('adapter', leftMs(), this.#adapter.close())
    if (this.#port !== null) this.#log.info({}, 'server stopped')
  }

  /** Waits for a step of the shutdown, but not for ever: parts may be anybody's, and the next steps must come. */
  async #within(step: string, timeoutMs: number, work: Promise<void>): Promise<void> {
    let timeout: NodeJS.Timeout | undefined
    const overdue = new Promise<'overdue'>((resolve) => {
      timeout = setTimeout(() => resolve('overdue'), timeoutMs)
    })
    try {
      if ((await Promise.race([work, overdue])) === 'overdue')
        this.#log.warn({ step }, 'shutdown step not finished in time')
    } catch (error) {
      this.#log.error({ step, err: error }, 'shutdown step failed')
    } finally {
      clearTimeout(timeout)
    }
  }
}

/** A host that listens everywhere is reached on the loopback address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
