import type { App } from '../apps/app.js'
import type { Clock } from '../clock.js'
import type { AppManager, Store } from '../contracts.js'
import { closeCodes, closing, quoted, type ProtocolError } from '../protocol/errors.js'
import { createSocketId } from '../protocol/socket-id.js'
import { TokenBucket } from './rate-limit.js'

/** What a client shows when it knocks. */
export interface HandshakeRequest {
  /** The key in `/app/KEY`, decoded; `null` when the path is another. */
  readonly key: string | null
  /** The `protocol` query parameter. */
  readonly protocol: string | null
  readonly origin: string | undefined
  readonly isSecure: boolean
  /** Behind trusted proxies, the client's and not the proxy's. */
  readonly remoteAddress: string
}

export type HandshakeResult =
  | { readonly ok: true; readonly app: App; readonly socketId: string }
  | { readonly ok: false; readonly appId: string; readonly error: ProtocolError }

export interface HandshakeLimits {
  /** Connections of this node. */
  readonly maxConnections: number
  /** Handshakes per second and client address; `null` means no limit. */
  readonly handshakesPerSecond: number | null
  readonly handshakeBurst: number
}

const OLDEST_PROTOCOL = 4
const NEWEST_PROTOCOL = 7

/** Addresses remembered at least; from twice as many on, those not seen for longest are forgotten. */
const REMEMBERED_ADDRESSES = 10_000

/** Decides who may connect. A refusal is told after the upgrade, since browsers hide the status of a failed one. */
export class Handshake {
  #buckets = new Map<string, TokenBucket>()
  #olderBuckets = new Map<string, TokenBucket>()

  constructor(
    private readonly apps: AppManager,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly limits: HandshakeLimits,
  ) {}

  /** `connectionCount` is what this node holds now. An accepted connection counts in the store from here on. */
  async decide(request: HandshakeRequest, connectionCount: number): Promise<HandshakeResult> {
    const refused = this.#checkNode(request, connectionCount)
    if (refused !== null) return { ok: false, appId: '', error: refused }
    const key = request.key ?? ''
    const app = await this.apps.findByKey(key)
    if (app === null) {
      return {
        ok: false,
        appId: '',
        error: closing(closeCodes.unknownApp, `No app has the key '${quoted(key)}'`),
      }
    }
    const error = checkApp(app, request)
    if (error !== null) return { ok: false, appId: app.id, error }
    const socketId = createSocketId()
    const { connections } = app.limits
    if (!(await this.store.connect(app.id, socketId, connections))) {
      const text = `The app is over its quota of ${String(connections)} connections`
      return { ok: false, appId: app.id, error: closing(closeCodes.overConnectionQuota, text) }
    }
    return { ok: true, app, socketId }
  }

  #checkNode(request: HandshakeRequest, connectionCount: number): ProtocolError | null {
    const { maxConnections } = this.limits
    if (request.key === null) return closing(closeCodes.unknownPath, 'Unknown path: connect to /app/<key>')
    if (!this.#isWithinRate(request)) {
      return closing(
        closeCodes.overCapacity,
        'Too many connection attempts from this address; try again later',
      )
    }
    if (connectionCount >= maxConnections) {
      return closing(
        closeCodes.overCapacity,
        `The server is at its limit of ${String(maxConnections)} connections`,
      )
    }
    return checkProtocol(request.protocol)
  }

  #isWithinRate(request: HandshakeRequest): boolean {
    const { handshakesPerSecond: rate, handshakeBurst } = this.limits
    if (rate === null) return true
    const address = request.remoteAddress
    const now = this.clock.elapsed()
    const bucket =
      this.#buckets.get(address) ??
      this.#olderBuckets.get(address) ??
      new TokenBucket(rate, handshakeBurst, now)
    if (this.#buckets.size >= REMEMBERED_ADDRESSES) {
      this.#olderBuckets = this.#buckets
      this.#buckets = new Map()
    }
    this.#buckets.set(address, bucket)
    return bucket.take(now)
  }
}

/** Source: protocol.md#connection-protocol-version. */
function checkProtocol(protocol: string | null): ProtocolError | null {
  if (protocol === null) return null
  if (!/^\d+$/.test(protocol)) {
    return closing(
      closeCodes.malformedVersion,
      `Malformed protocol version '${quoted(protocol)}': expected a number`,
    )
  }
  const version = Number(protocol)
  if (version >= OLDEST_PROTOCOL && version <= NEWEST_PROTOCOL) return null
  return closing(
    closeCodes.unsupportedVersion,
    `Protocol version ${quoted(protocol)} is not supported: use 4 to 7`,
  )
}

function checkApp(app: App, { isSecure, origin }: HandshakeRequest): ProtocolError | null {
  if (!app.enabled) return closing(closeCodes.appDisabled, `The app '${quoted(app.id)}' is disabled`)
  if (app.requireTls && !isSecure)
    return closing(closeCodes.tlsRequired, 'This app accepts TLS connections only')
  if (origin !== undefined && app.allowedOrigins !== null && !isAllowedOrigin(origin, app.allowedOrigins)) {
    return closing(closeCodes.unauthorized, `Origin '${quoted(origin)}' is not allowed`)
  }
  return null
}

/**
 * An allowed origin is a whole origin (`https://example.com`, with its port unless it is the default), a host
 * (`example.com`, any scheme and port) or `*.example.com` for every host below. A request without `Origin` does not
 * come from a browser and passes. Source: protocol.md#connection-origin.
 */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  const url = URL.canParse(origin) ? new URL(origin) : null
  return allowed.some((entry) => {
    if (entry === '*') return true
    if (url === null) return false
    const pattern = entry.toLowerCase()
    if (pattern.includes('://')) return url.origin !== 'null' && originOf(pattern) === url.origin
    if (pattern.startsWith('*.')) return url.hostname.endsWith(pattern.slice(1))
    return pattern === url.hostname || pattern === url.host
  })
}

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null
}
