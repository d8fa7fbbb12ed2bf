import type { WebhookEventName } from '../protocol/webhook-message.js'

/** A key and the secret that signs with it. */
export interface AppToken {
  readonly key: string
  readonly secret: string
}

/** Limits of one app. Every number is inclusive: a value equal to the limit is allowed. */
export interface AppLimits {
  /** Connections of the app over all nodes; `null` means no limit. */
  readonly connections: number | null
  readonly channelsPerConnection: number
  /** Characters, prefix included. */
  readonly channelNameLength: number
  /** Characters. */
  readonly eventNameLength: number
  /** UTF-8 bytes of an event's `data`, for events over HTTP and client events alike. */
  readonly eventPayloadBytes: number
  readonly channelsPerEvent: number
  readonly eventsPerBatch: number
  /** Client events per second and connection. */
  readonly clientEventsPerSecond: number
  /** Distinct users of one presence channel. */
  readonly presenceMembers: number
  /** UTF-8 bytes of a member's `channel_data`. */
  readonly presenceMemberBytes: number
  readonly watchlistUsers: number
}

/** Where webhooks of an app are sent, and which. */
export interface WebhookEndpoint {
  readonly url: string
  /** Event names that are sent here. */
  readonly events: readonly WebhookEventName[]
  /** Only events of channels whose name begins so; the empty string is every channel. */
  readonly channelPrefix: string
  /** Additional request headers. */
  readonly headers: Readonly<Record<string, string>>
  readonly maxBatchEvents: number
  /** How long an event may wait for others to share its request. */
  readonly maxBatchWaitMs: number
  /** How long one attempt may take. */
  readonly timeoutMs: number
  /** How long a batch is retried before it is given up. */
  readonly retrySeconds: number
}

/** A tenant of the server: credentials, abilities and limits. Immutable; a change is a new object. */
export interface App {
  readonly id: string
  /** Public key of the app's first (oldest) token; it also signs the webhooks. */
  readonly key: string
  readonly secret: string
  /** Every token that is valid now, the first one included. */
  readonly tokens: readonly AppToken[]
  readonly enabled: boolean
  /** Whether clients may send `client-` events. */
  readonly clientEvents: boolean
  /** Whether subscription counts are sent and may be queried. */
  readonly subscriptionCount: boolean
  /** Least time between two counts of a channel with more than 100 subscribers. */
  readonly subscriptionCountIntervalMs: number
  /** Whether sign-in may carry a watchlist. */
  readonly watchlist: boolean
  /** Whether a connection must authorise itself within `authorizationTimeoutSeconds` or is closed with 4009. */
  readonly authorizedConnections: boolean
  readonly authorizationTimeoutSeconds: number
  /** Whether plain connections are refused with 4000. */
  readonly requireTls: boolean
  /** `official`: a refused subscription is a `pusher:error`; `both`: also a `pusher:subscription_error`. */
  readonly subscriptionErrors: 'official' | 'both'
  /** Allowed `Origin` headers (full origins, host names, `*.host`); `null` means any. */
  readonly allowedOrigins: readonly string[] | null
  readonly limits: AppLimits
  /** How long a cache channel keeps its last event. */
  readonly cacheTtlSeconds: number
  /** How long `channel_vacated` and `member_removed` webhooks wait for a return. */
  readonly webhookDelayMs: number
  readonly webhooks: readonly WebhookEndpoint[]
}

/** The secret that belongs to `key`, or `undefined` when the app has no such token. */
export function secretOf(app: App, key: string): string | undefined {
  return app.tokens.find((token) => token.key === key)?.secret
}
