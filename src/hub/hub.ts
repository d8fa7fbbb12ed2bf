import type { App } from '../apps/app.js'
import type { Clock } from '../clock.js'
import type { Adapter, AppManager, Authorizer, Transport, TransportReceiver } from '../contracts.js'
import { Emitter } from '../emitter.js'
import type { Logger } from '../log.js'
import { closeCodes, closing, type ProtocolError } from '../protocol/errors.js'
import { connectionEstablished, errorMessage } from '../protocol/server-message.js'
import { AppHub, type HubParts } from './app-hub.js'
import { Connection, wheelTickMs } from './connection.js'
import type { HubEvent } from './events.js'
import { Handshake, type HandshakeLimits, type HandshakeRequest, type HandshakeResult } from './handshake.js'
import { IdleWheel } from './idle-wheel.js'
import { outgoing } from './topic.js'

export interface HubOptions {
  readonly activityTimeoutSeconds: number
  readonly pingIntervalSeconds: number
  readonly pongTimeoutSeconds: number
  readonly limits: HandshakeLimits
  readonly apps: AppManager
  readonly adapter: Adapter
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly log: Logger
}

/** The memory of this node: one {@link AppHub} per app, nothing shared between them but the node's own limits. */
export class Hub {
  readonly #apps = new Map<string, AppHub>()
  readonly #parts: HubParts
  readonly #handshake: Handshake
  readonly #events: Emitter<HubEvent>
  readonly #appManager: AppManager
  #isDraining = false
  /** Accepted and not opened yet; they count towards the limit of the node. */
  #accepted = 0

  constructor(private readonly options: HubOptions) {
    const { adapter, authorizer, clock, log } = options
    const pingAfterMs = Math.min(options.activityTimeoutSeconds, options.pingIntervalSeconds) * 1000
    const pongTimeoutMs = options.pongTimeoutSeconds * 1000
    this.#events = new Emitter((error) => {
      log.error({ err: error }, 'an observer of hub events failed')
    })
    this.#parts = {
      broker: adapter.broker,
      store: adapter.store,
      authorizer,
      clock,
      log,
      wheel: new IdleWheel(clock, wheelTickMs(pingAfterMs, pongTimeoutMs)),
      activityTimeoutSeconds: options.activityTimeoutSeconds,
      pingAfterMs,
      pongTimeoutMs,
      emit: (event) => {
        this.#events.emit(event)
      },
    }
    this.#appManager = options.apps
    this.#handshake = new Handshake(options.apps, adapter.store, clock, options.limits)
    adapter.broker.receive((appId, topic, message) => {
      this.#apps.get(appId)?.deliver(topic, message)
    })
  }

  /** Everything that happens, in order; the answer ends the observation. */
  observe(observer: (event: HubEvent) => void): () => void {
    return this.#events.observe(observer)
  }

  get apps(): Iterable<AppHub> {
    return this.#apps.values()
  }

  /** `null` when this node serves as promised, else why not. */
  health(): string | null {
    return this.#isDraining ? 'draining' : this.options.adapter.health()
  }

  get connectionCount(): number {
    let count = 0
    for (const { connections } of this.#apps.values()) count += connections.size
    return count
  }

  /** The hub of an app, made when it is first needed. */
  async appHub(id: string): Promise<AppHub | null> {
    const app = await this.#appManager.findById(id)
    return app === null ? null : this.#hubOf(app)
  }

  /** The newest description of an app this node has dealt with. */
  appOf(id: string): App | undefined {
    return this.#apps.get(id)?.app
  }

  /** First half of a connection: whether it may be. What is accepted must be given to `open` or `abandon`. */
  async decide(request: HandshakeRequest): Promise<HandshakeResult> {
    if (this.#isDraining) {
      const error = closing(closeCodes.overCapacity, 'The server is shutting down; try again')
      return { ok: false, appId: '', error }
    }
    this.#accepted += 1
    const result = await this.#handshake
      .decide(request, this.connectionCount + this.#accepted - 1)
      .catch((error: unknown): HandshakeResult => {
        this.options.log.error({ err: error }, 'handshake failed')
        return {
          ok: false,
          appId: '',
          error: closing(closeCodes.overCapacity, 'The server cannot accept connections now'),
        }
      })
    if (!result.ok) this.#accepted -= 1
    return result
  }

  /** Second half: the client can be spoken to. */
  open({ app, socketId }: HandshakeResult & { ok: true }, transport: Transport): TransportReceiver {
    this.#accepted -= 1
    const hub = this.#hubOf(app)
    const connection = new Connection(hub, socketId, transport)
    hub.connections.set(socketId, connection)
    connection.send(connectionEstablished(socketId, this.options.activityTimeoutSeconds))
    this.#parts.emit({ type: 'connection_opened', appId: app.id, socketId })
    if (this.#isDraining) connection.end(closeCodes.reconnect, 'The server is shutting down')
    return connection
  }

  /** The second half when the client was gone before it could be spoken to. */
  async abandon({ app, socketId }: HandshakeResult & { ok: true }): Promise<void> {
    this.#accepted -= 1
    try {
      await this.#parts.store.disconnect(app.id, socketId)
    } catch (error) {
      this.options.log.error({ appId: app.id, socketId, err: error }, 'leaving failed')
    }
  }

  /** The second half of a refusal: says why, then closes. */
  refuse(appId: string, error: ProtocolError, transport: Transport): void {
    transport.send(outgoing(errorMessage(error)))
    transport.close(error.code ?? closeCodes.unauthorized, error.message)
    this.#parts.emit({ type: 'connection_ended', appId, code: error.code ?? closeCodes.unauthorized })
  }

  /**
   * Refuses new connections and closes those there are with 4200, in batches spread over at most `withinMs`, so that
   * the clients do not all come back in the same instant. Resolves when every one has left its channels.
   */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true
    const connections = [...this.#apps.values()].flatMap((app) => [...app.connections.values()])
    const pauseMs = 20
    const batch = Math.max(100, Math.ceil(connections.length / Math.max(1, Math.floor(withinMs / pauseMs))))
    for (let at = 0; at < connections.length; at += batch) {
      if (at > 0) await this.#pause(pauseMs)
      for (const connection of connections.slice(at, at + batch)) {
        connection.end(closeCodes.reconnect, 'The server is shutting down; reconnect')
      }
    }
    await Promise.all([...this.#apps.values()].map((app) => app.serial.idle()))
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(delayMs, resolve))
  }

  #hubOf(app: App): AppHub {
    const hub = this.#apps.get(app.id)
    if (hub !== undefined) {
      hub.app = app
      return hub
    }
    const created = new AppHub(app, this.#parts)
    this.#apps.set(app.id, created)
    return created
  }
}
