import type { Member, OutgoingMessage, Transport, TransportReceiver } from '../contracts.js'
import { isRefusal, parseClientMessage } from '../protocol/client-message.js'
import { closeCodes, refusal, type ProtocolError } from '../protocol/errors.js'
import type { SignedInUser } from '../protocol/presence.js'
import { errorMessage, PONG, subscriptionError } from '../protocol/server-message.js'
import type { AppHub } from './app-hub.js'
import { sendClientEvent } from './client-events.js'
import type { Watched } from './idle-wheel.js'
import type { TokenBucket } from './rate-limit.js'
import { Serial } from './serial.js'
import { leaveAll, subscribe, unsubscribe } from './subscribe.js'
import { outgoing } from './topic.js'
import { signIn, signOut } from './users.js'

/** Requests of one client that may wait for an answer at the same time; beyond that it is not read from. */
const MAX_WAITING = 256

/** The lane of sign-ins; no channel has an empty name. */
const USER_LANE = ''

const pong: OutgoingMessage = outgoing(PONG)

/** A client that has been accepted: open until its transport is gone or it was ended. */
export class Connection implements TransportReceiver, Watched {
  /** Channels it is subscribed to; with its member on presence channels. */
  readonly channels = new Map<string, Member | null>()
  /** Subscriptions under way; they count towards the limit. */
  joining = 0
  user: SignedInUser | null = null
  /** Whether it signed in or subscribed to a channel that needs authorisation. */
  isAuthorized = false
  /** Whether it is told of the users on its watchlist. */
  isWatching = false
  clientEvents: TokenBucket | null = null
  wheelSlot: Set<Watched> | null = null
  /** Requests about the same channel one after another, different channels side by side. */
  #lanes: Serial | null = null
  #waiting = 0
  #isClosed = false
  #lastSeenMs: number
  #pingedAtMs = 0
  readonly #openedAtMs: number

  constructor(
    readonly hub: AppHub,
    readonly socketId: string,
    readonly transport: Transport,
  ) {
    const { wheel, clock } = hub.parts
    wheel.add(this, this.#firstCheckMs())
    this.#openedAtMs = clock.elapsed()
    this.#lastSeenMs = wheel.now
  }

  /** False from the moment it ended or was ended; a question, since it changes while others wait. */
  isOpen(): boolean {
    return !this.#isClosed
  }

  // --- what the client does

  receive(text: string): void {
    if (this.#isClosed) return
    this.active()
    const { traffic } = this.hub
    traffic.messagesReceived += 1
    traffic.bytesReceived += text.length
    const message = parseClientMessage(text)
    if (isRefusal(message)) {
      this.refuse(message)
      return
    }
    switch (message.type) {
      case 'ping':
        this.transport.send(pong)
        return
      case 'pong':
        return
      case 'subscribe':
        this.#inLane(message.channel, () => subscribe(this, message))
        return
      case 'unsubscribe':
        this.#inLane(message.channel, () => unsubscribe(this, message.channel))
        return
      case 'signin':
        this.#inLane(USER_LANE, () => signIn(this, message))
        return
      case 'client_event':
        // Behind a subscription that is still under way; otherwise at once.
        if (this.#lanes?.isBusy(message.channel) === true) {
          this.#inLane(message.channel, () => sendClientEvent(this, message))
        } else void this.#attempt(sendClientEvent(this, message))
    }
  }

  active(): void {
    this.#lastSeenMs = this.hub.parts.wheel.now
    this.#pingedAtMs = 0
  }

  stalled(): void {
    if (this.#isClosed) return
    this.hub.parts.emit({ type: 'connection_stalled', appId: this.hub.app.id, socketId: this.socketId })
    this.end(
      closeCodes.overCapacity,
      'Too slow: more messages are waiting for this connection than it may leave unread',
    )
  }

  disconnected(): void {
    const wasClosed = this.#isClosed
    this.#isClosed = true
    this.hub.parts.wheel.remove(this)
    if (!wasClosed) this.#leave()
  }

  // --- what happens to it

  send(text: string): void {
    if (!this.#isClosed) this.transport.send(outgoing(text))
  }

  /** Tells the client why something was not done; its connection stays open. */
  refuse(error: ProtocolError): void {
    if (this.#isClosed) return
    const { app, parts } = this.hub
    this.send(errorMessage(error))
    if (error.channel !== undefined && app.subscriptionErrors === 'both') {
      this.send(subscriptionError(error.channel, error.message))
    }
    const { code, message } = error
    parts.emit({ type: 'refused', appId: app.id, socketId: this.socketId, code, message })
  }

  /** Closes the connection; it leaves its channels at once, whenever the client takes note. */
  end(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.hub.parts.wheel.remove(this)
    this.hub.parts.emit({ type: 'connection_ended', appId: this.hub.app.id, code })
    this.transport.close(code, reason)
    this.#leave()
  }

  /** Resolves when a sign-in that is under way has been decided. */
  async signInDecided(): Promise<void> {
    await this.#lanes?.settled(USER_LANE)
  }

  /** Looked at by the wheel: silent for long, or not authorised in time? */
  check(nowMs: number): number | null {
    const { parts } = this.hub
    const authorizeInMs = this.#authorizeInMs(nowMs)
    if (authorizeInMs <= 0) {
      this.refuse(refusal('Connection not authorized within timeout', closeCodes.unauthorized))
      this.end(closeCodes.unauthorized, 'Connection not authorized within timeout')
      return null
    }
    if (this.#pingedAtMs > 0) {
      const leftMs = this.#pingedAtMs + parts.pongTimeoutMs - nowMs
      if (leftMs > 0) return Math.min(leftMs, parts.pingAfterMs, authorizeInMs)
      this.end(closeCodes.pongTimeout, 'Pong reply not received in time')
      return null
    }
    const quietForMs = parts.pingAfterMs - (nowMs - this.#lastSeenMs)
    if (quietForMs > 0) return Math.min(quietForMs, authorizeInMs)
    this.transport.ping()
    this.#pingedAtMs = nowMs
    return Math.min(parts.pongTimeoutMs, parts.pingAfterMs, authorizeInMs)
  }

  #firstCheckMs(): number {
    const { app, parts } = this.hub
    return app.authorizedConnections
      ? Math.min(parts.pingAfterMs, app.authorizationTimeoutSeconds * 1000)
      : parts.pingAfterMs
  }

  /** Time left to authorise; for ever when it need not or has. */
  #authorizeInMs(nowMs: number): number {
    const { app } = this.hub
    if (!app.authorizedConnections || this.isAuthorized) return Infinity
    return this.#openedAtMs + app.authorizationTimeoutSeconds * 1000 - nowMs
  }

  #inLane(lane: string, task: () => Promise<void>): void {
    this.#lanes ??= new Serial()
    this.#waiting += 1
    if (this.#waiting === MAX_WAITING) this.transport.pause()
    void this.#attempt(this.#lanes.run(lane, task)).then(() => {
      this.#waiting -= 1
      // Idle connections are many: they keep nothing they do not need.
      if (this.#waiting === 0) this.#lanes = null
      if (this.#waiting === MAX_WAITING - 1) this.transport.resume()
    })
  }

  /** Never rejects: what fails is logged, and the client is told that it may try again. */
  async #attempt(request: Promise<void>): Promise<void> {
    try {
      await request
    } catch (error) {
      this.hub.parts.log.error(
        { appId: this.hub.app.id, socketId: this.socketId, err: error },
        'request failed',
      )
      this.refuse(refusal('The server could not do this now; try again later'))
    }
  }

  /** Takes the connection out of everything it is in. Requests under way undo themselves when they see it closed. */
  #leave(): void {
    const { connections, parts, app } = this.hub
    connections.delete(this.socketId)
    const channels = [...this.channels.keys()]
    for (const channel of channels) this.hub.mute(channel, this)
    Promise.all([
      leaveAll(this, channels),
      signOut(this),
      parts.store.disconnect(app.id, this.socketId),
    ]).catch((error: unknown) => {
      parts.log.error({ appId: app.id, socketId: this.socketId, err: error }, 'leaving failed')
    })
    parts.emit({ type: 'connection_closed', appId: app.id, socketId: this.socketId })
  }
}

/** Used by the wheel's owner to bound how late a silent client is noticed. */
export function wheelTickMs(pingAfterMs: number, pongTimeoutMs: number): number {
  return Math.max(10, Math.min(1000, pingAfterMs / 10, pongTimeoutMs / 10))
}
