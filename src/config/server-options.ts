import type { WebhookEventName } from '../protocol/webhook-message.js'

/** A key and the secret that signs with it. */
export interface TokenOptions {
  /** Key of a further token. */
  readonly key: string
  /** Secret of this key. */
  readonly secret: string
}

/** Limits of one app; a value equal to its limit is allowed. */
export interface LimitOptions {
  /** Connections of the app over all nodes. Default: `null`. */
  readonly connections?: number | null
  /** Subscriptions of one connection. Default: `1000`. */
  readonly channelsPerConnection?: number
  /** Characters of a channel name, prefix included. Default: `164`. */
  readonly channelNameLength?: number
  /** Characters of an event name. Default: `200`. */
  readonly eventNameLength?: number
  /** UTF-8 bytes of an event's data, over HTTP and from clients alike. Default: `10240`. */
  readonly eventPayloadBytes?: number
  /** Channels of one published event. Default: `100`. */
  readonly channelsPerEvent?: number
  /** Events of one batch. Default: `10`. */
  readonly eventsPerBatch?: number
  /** Client events per second and connection. Default: `10`. */
  readonly clientEventsPerSecond?: number
  /** Distinct users of one presence channel. Default: `100`. */
  readonly presenceMembers?: number
  /** UTF-8 bytes of a presence member's data. Default: `1024`. */
  readonly presenceMemberBytes?: number
  /** Users on the watchlist of one user. Default: `100`. */
  readonly watchlistUsers?: number
}

/** Where webhooks of an app are sent, and which. */
export interface WebhookOptions {
  /** Where events are posted to. */
  readonly url: string
  /** Names of the events that are sent; without it every event is. Default: all. */
  readonly events?: readonly WebhookEventName[]
  /** Only events of channels whose name begins so. Default: `""`. */
  readonly channelPrefix?: string
  /** Further headers of each request, for example for authorization. Default: `{}`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Events that may share one request. Default: `20`. */
  readonly maxBatchEvents?: number
  /** How long an event waits for others to share its request. Default: `250`. */
  readonly maxBatchWaitMs?: number
  /** How long one attempt may take. Default: `4000`. */
  readonly timeoutMs?: number
  /** How long a failed request is tried again before it is given up. Default: `300`. */
  readonly retrySeconds?: number
}

/** One app: its credentials, abilities and limits. */
export interface AppOptions {
  /** Names the app in the HTTP API. */
  readonly id: string
  /** Names the app to clients. Default: the value of `id`. */
  readonly key?: string
  /** Signs requests, auth strings and webhooks. */
  readonly secret: string
  /** Further keys and secrets that are valid too, so that credentials can be exchanged without a gap. Default: `[]`. */
  readonly tokens?: readonly TokenOptions[]
  /** Whether clients may connect. Default: `true`. */
  readonly enabled?: boolean
  /** Whether clients may send client events. Default: `true`. */
  readonly clientEvents?: boolean
  /** Whether subscribers are told how many they are, and the API may be asked. Default: `false`. */
  readonly subscriptionCount?: boolean
  /** Least time between two counts of a channel with more than 100 subscribers. Default: `5000`. */
  readonly subscriptionCountIntervalMs?: number
  /** Whether users who sign in are told who of their watchlist is online. Default: `false`. */
  readonly watchlist?: boolean
  /** Whether connections that neither sign in nor subscribe to a channel with authorization are closed. Default: `false`. */
  readonly authorizedConnections?: boolean
  /** How long such a connection may wait before it authorises itself. Default: `30`. */
  readonly authorizationTimeoutSeconds?: number
  /** Whether connections without TLS are refused. Default: `false`. */
  readonly requireTls?: boolean
  /** How a refused subscription is told: as the official service does, or also as pusher:subscription_error. Default: `"official"`. */
  readonly subscriptionErrors?: 'official' | 'both'
  /** Web origins that may connect; null means any. Default: `null`. */
  readonly allowedOrigins?: readonly string[] | null
  /** Limits of the app. */
  readonly limits?: LimitOptions
  /** How long a cache channel keeps its last event. Default: `1800`. */
  readonly cacheTtlSeconds?: number
  /** How long channel_vacated and member_removed wait for a return that makes them untrue. Default: `3000`. */
  readonly webhookDelayMs?: number
  /** Endpoints that are told what happens in the app. Default: `[]`. */
  readonly webhooks?: readonly WebhookOptions[]
}

/** A certificate and its key. */
export interface TlsOptions {
  /** File with the certificate and its chain, in PEM. */
  readonly cert: string
  /** File with the private key, in PEM. */
  readonly key: string
}

/** Where metrics are served. */
export interface MetricsOptions {
  /** Address of the metrics listener. Default: `"127.0.0.1"`. */
  readonly host?: string
  /** Port of the metrics listener; 0 takes any free one. Default: `9601`. */
  readonly port?: number
}

/** The page that shows and tries the server. */
export interface PlaygroundOptions {
  /** What the address of the page must carry; made at each start unless given, and not needed in development mode. */
  readonly token?: string
}

/** Options of `createServer`: the shape of the configuration file. */
export interface ServerOptions {
  /** Address to listen on; 0.0.0.0 and :: listen on all. Default: `"127.0.0.1"`. */
  readonly host?: string
  /** Port to listen on; 0 takes any free one. Default: `8080`. */
  readonly port?: number
  /** Put before every route. Default: `""`. */
  readonly path?: string
  /** Certificate for https and wss, read again when the files change. Default: `null`. */
  readonly tls?: TlsOptions | null
  /** Silence after which a client asks whether the server lives; told to it in the greeting. Default: `120`. */
  readonly activityTimeoutSeconds?: number
  /** Silence after which the server asks whether a client lives. Default: `60`. */
  readonly pingIntervalSeconds?: number
  /** How long the answer to that may take before the connection is closed. Default: `30`. */
  readonly pongTimeoutSeconds?: number
  /** How long stopping may take: closing connections, delivering webhooks. Default: `10`. */
  readonly shutdownTimeoutSeconds?: number
  /** Connections of this node. Default: `10000`. */
  readonly maxConnections?: number
  /** Bytes a client may leave unread before it is closed. Default: `1048576`. */
  readonly maxPendingBytes?: number
  /** New connections per second from one address. Default: `null`. */
  readonly handshakesPerSecond?: number | null
  /** New connections from one address before handshakesPerSecond counts. Default: `50`. */
  readonly handshakeBurst?: number
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Default: `[]`. */
  readonly trustedProxies?: readonly string[]
  /** Listener for metrics in the format of Prometheus. Default: `null`. */
  readonly metrics?: MetricsOptions | null
  /** Development mode, on loopback only: the demo app when none is given, and the page without a token. Default: `false`. */
  readonly dev?: boolean
  /** The page at "/"; on in development mode, otherwise behind its token. Default: `null`. */
  readonly playground?: boolean | PlaygroundOptions | null
  /** The apps this server serves; at least one, unless in development mode. */
  readonly apps?: readonly AppOptions[]
}
