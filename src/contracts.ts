import type { App, WebhookEndpoint } from './apps/app.js'
import type { Member } from './protocol/presence.js'

/**
 * Everything that can be replaced. `createServer` takes an object that satisfies one of these in place of its own.
 *
 * State that nodes share goes through {@link Broker} and {@link Store} only, in asynchronous steps of which each is
 * atomic and answers what it changed; nobody reads, decides and writes in separate steps.
 */

export type { App, AppLimits, AppToken, WebhookEndpoint } from './apps/app.js'
export type { Clock, Timer } from './clock.js'
export type { Logger, LogMethod } from './log.js'
export type { Member } from './protocol/presence.js'

/**
 * A text frame on its way to any number of connections. One object per broadcast: transports keep its encoded form in
 * it, so that it is encoded once, and recognise by its identity connections that are owed the same bytes.
 */
export interface OutgoingMessage {
  readonly text: string
  /** Of the event that was kept with this delivery. */
  readonly retainedId?: string | undefined
  encoded: Buffer | null
}

/**
 * The way to one client. The hub owns the decisions, the transport owns the socket.
 *
 * - `send` queues and must not block, throw or reorder; frames leave in the order of the calls.
 * - After `close` or `terminate` further calls do nothing.
 * - The transport must bound what it queues for a client that does not read, drop what is beyond and tell `stalled`.
 */
export interface Transport {
  send(message: OutgoingMessage): void
  /** Asks the peer for a sign of life that needs no help of the application (a WebSocket ping). */
  ping(): void
  /** Sends what is queued, then the close frame. */
  close(code: number, reason: string): void
  /** Ends the connection at once, without a word. */
  terminate(): void
  /** Stops reading; what the client sends meanwhile waits in its own buffers. */
  pause(): void
  resume(): void
}

/** What a transport tells about its client. Calls must come in the order in which things happened. */
export interface TransportReceiver {
  receive(text: string): void
  /** Anything that is no text frame but shows that the peer lives, such as a pong. */
  active(): void
  /** The client reads so slowly that its bound is exceeded; the receiver answers with `close`. */
  stalled(): void
  /** The connection is gone, or its end has begun, whoever ended it. Called exactly once, last. */
  disconnected(): void
}

/** What one node sends to the others (and to itself) under a topic. Plain data: it must survive any wire. */
export type BrokerMessage =
  | {
      readonly type: 'deliver'
      /** The text of the frame, complete, handed on character by character. */
      readonly text: string
      /** The connection that must not get it. */
      readonly exceptSocketId?: string
      /** The `id` of the event that is kept with it, so that a joiner who was told of that does not get it again. */
      readonly retainedId?: string
    }
  /** Close every connection of the topic; sent to the topic of a user. */
  | { readonly type: 'terminate' }

/** The last event of a cache channel. */
export interface RetainedEvent {
  /** Tells one publish from another, on all nodes. */
  readonly id: string
  readonly event: string
  /** The publisher's `data`, exactly. */
  readonly data: string
  /** How long it is still kept. */
  readonly ttlMs: number
}

/** Takes what arrives for a topic this node is interested in. Must not throw. */
export type BrokerReceiver = (appId: string, topic: string, message: BrokerMessage) => void

/**
 * Delivery between nodes, by interest: a node gets the messages of the topics it subscribed to and no others.
 * Topics are channel names, `#server-to-user-<id>` (messages to a user) and `#presence-of-<id>` (watchlists).
 *
 * - Messages of one publisher to one topic arrive in the order of the calls.
 * - When `subscribe` has resolved, everything published afterwards, on any node, arrives.
 * - At most once. A publish that cannot be promised must reject with `ERR_BROKER_UNAVAILABLE`, never queue without bound.
 */
export interface Broker {
  /** Where messages go from now on; called once, before any other method. */
  receive(receiver: BrokerReceiver): void
  subscribe(appId: string, topic: string): Promise<void>
  unsubscribe(appId: string, topic: string): Promise<void>
  /**
   * Hands `message` to every interested node, this one included. With `retain`, keeps the event for later joiners in
   * the same atomic step: whoever joins before it gets the delivery, whoever joins after it finds it in `Store.join`.
   * Who was interested before joining may get both; the hub tells them apart by the id.
   */
  publish(appId: string, topic: string, message: BrokerMessage, retain?: RetainedEvent): Promise<void>
}

/** How many of what a channel has, over all nodes. */
export interface ChannelCounts {
  /** Subscribed connections. */
  readonly subscriptions: number
  /** Distinct users; 0 unless the channel is a presence channel. */
  readonly users: number
}

export interface JoinRequest {
  readonly channel: string
  readonly socketId: string
  /** For presence channels. */
  readonly member?: Member
  /** Most distinct users; a further connection of a present user is always let in. */
  readonly maxMembers: number
  /** Whether the channel keeps its last event. */
  readonly isCache: boolean
}

export type JoinResult =
  | { readonly ok: false; readonly reason: 'members_full' }
  | ({
      readonly ok: true
      /** The channel had no subscriber before. */
      readonly occupied: boolean
      /** The user was not in the channel before. */
      readonly memberAdded: boolean
      /** Every member, the joiner included; empty unless the channel is a presence channel. */
      readonly members: readonly Member[]
      /** Cache channels: what is kept; otherwise `null`. */
      readonly retained: RetainedEvent | null
      /** Cache channels: nothing is kept, and nobody has met that emptiness before. */
      readonly firstMiss: boolean
    } & ChannelCounts)

export interface LeaveResult extends ChannelCounts {
  /** False when the connection was no subscriber; then nothing changed. */
  readonly wasSubscribed: boolean
  /** No subscriber is left. */
  readonly vacated: boolean
  /** The user of the connection has no other in this channel. */
  readonly memberRemoved: boolean
}

/**
 * What all nodes know: connections, membership, members, users, retained events. Each method is one atomic step.
 * Rows of a node that dies must disappear within a bound, and their disappearance be told like a leave.
 */
export interface Store {
  /** Counts a connection in unless the app has `limit` already; false when it is full. Once for each socket id. */
  connect(appId: string, socketId: string, limit: number | null): Promise<boolean>
  /** Counts out what `connect` counted in; once. */
  disconnect(appId: string, socketId: string): Promise<void>
  join(appId: string, request: JoinRequest): Promise<JoinResult>
  leave(appId: string, channel: string, socketId: string): Promise<LeaveResult>
  /** Occupied channels whose names begin with `prefix`. */
  channels(appId: string, prefix: string): Promise<ReadonlyMap<string, ChannelCounts>>
  /** Counts of one channel; zeros when nobody is there. */
  counts(appId: string, channel: string): Promise<ChannelCounts>
  /** Ids of the users in a presence channel. */
  userIds(appId: string, channel: string): Promise<readonly string[]>
  retained(appId: string, channel: string): Promise<RetainedEvent | null>
  /** True when this is the user's first signed-in connection. */
  signIn(appId: string, userId: string, socketId: string): Promise<boolean>
  /** True when it was the user's last signed-in connection. */
  signOut(appId: string, userId: string, socketId: string): Promise<boolean>
  /** Those of `userIds` who have a signed-in connection. */
  online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>
}

/** Delivery and state from one hand, because some steps need both. */
export interface Adapter {
  readonly broker: Broker
  readonly store: Store
  /** `null` when all is well, else the reason why this node cannot keep its promises; shown by the health endpoint. */
  health(): string | null
  close(): Promise<void>
}

/**
 * Knows the apps. May read a database: answers may take time, and an app may change between two answers. While it has
 * not changed the answer should be the same object: webhooks are collected per object. Messages and request bodies are
 * bounded for all apps of a server by the largest limits in its options, or by the defaults (10 KB of data for each of
 * 10 events) when it has none.
 */
export interface AppManager {
  findById(id: string): Promise<App | null>
  findByKey(key: string): Promise<App | null>
}

export interface ChannelAuthorization {
  readonly app: App
  readonly socketId: string
  readonly channel: string
  /** What the client sent; any JSON value or nothing. */
  readonly auth: unknown
  readonly channelData: string | undefined
}

export interface UserAuthentication {
  readonly app: App
  readonly socketId: string
  readonly auth: unknown
  readonly userData: string
}

/** Labels of the metric of refused authorisations; a fixed set. */
export type AuthFailureReason = 'missing_signature' | 'malformed_auth' | 'unknown_key' | 'invalid_signature'

/** `message` is shown to the client: it must name what was wrong and must not help to forge it. */
export type AuthorizationResult =
  | { readonly ok: true; readonly channelData: string | undefined }
  | { readonly ok: false; readonly reason: AuthFailureReason; readonly message: string }

/** Decides who may subscribe to a channel that is not public, and who a user is. An error it throws is a refusal. */
export interface Authorizer {
  authorizeChannel(request: ChannelAuthorization): Promise<AuthorizationResult>
  authenticateUser(request: UserAuthentication): Promise<AuthorizationResult>
}

/** One request to an endpoint, complete and signed: a retry sends the same bytes. */
export interface WebhookDelivery {
  readonly appId: string
  readonly endpoint: WebhookEndpoint
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How many events the body holds. */
  readonly events: number
}

/** How a delivery ended; labels of the webhook metric. */
export type WebhookOutcome = 'delivered' | 'retried' | 'given_up' | 'dropped'

/** Brings deliveries to their endpoints. Deliveries of one endpoint leave in order; endpoints never wait for each other. */
export interface WebhookQueue {
  /** Takes a delivery, or counts it as dropped when the queue is full. Must not throw or block. */
  push(delivery: WebhookDelivery): void
  /** Told once per attempt that ended; set by the server. */
  onOutcome(listener: (delivery: WebhookDelivery, outcome: WebhookOutcome) => void): void
  /** Deliveries not finished yet. */
  readonly size: number
  /** Tries once more to deliver everything within `timeoutMs`, then counts the rest as dropped and stops. */
  close(timeoutMs: number): Promise<void>
}
