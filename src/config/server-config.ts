import type { App } from '../apps/app.js'

/** Everything a server is built from, resolved: no option is missing, every number is in the unit its name says. */
export interface ServerConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Put before every route; empty or `/prefix`. */
  readonly path: string
  /** Files that are read again when they change; `null` serves plain connections. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly activityTimeoutSeconds: number
  readonly pingIntervalSeconds: number
  readonly pongTimeoutSeconds: number
  readonly shutdownTimeoutSeconds: number
  readonly maxConnections: number
  /** Bytes a client may leave unread before it is closed with 4100. */
  readonly maxPendingBytes: number
  /** Per client address; `null` means no limit. */
  readonly handshakesPerSecond: number | null
  readonly handshakeBurst: number
  /** Addresses or CIDR ranges whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[]
  /** Where metrics are served; `null` serves none. */
  readonly metrics: { readonly host: string; readonly port: number } | null
  /** Whether the demo app and the page without a token are allowed. */
  readonly dev: boolean
  /** Whether the page is served; its token, or `null` in development mode. */
  readonly playground: { readonly token: string | null } | null
  readonly apps: readonly App[]
}
