import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ApiRequest, ApiResponse } from '../api/message.js'
import { parseQuery } from '../api/query.js'
import { listenError } from '../errors.js'
import type { HandshakeRequest, HandshakeResult } from '../hub/handshake.js'
import type { Hub } from '../hub/hub.js'
import type { Logger } from '../log.js'
import type { PageResponse } from '../page/message.js'
import type { Page } from '../page/page.js'
import { readBody } from './body.js'
import { TrustedProxies } from './client-address.js'
import { Outbox } from './outbox.js'
import type { TlsFiles } from './tls-files.js'
import { createEngine, upgrade, type TransportSharing, type WebSocketEngine } from './ws.js'

export interface NodeListenerOptions {
  readonly host: string
  readonly port: number
  /** Prefix of every route; empty or `/prefix`. */
  readonly path: string
  readonly tls: TlsFiles | null
  readonly maxPendingBytes: number
  /** Longest message of a client; longer ones close its connection with 1009. */
  readonly maxPayloadBytes: number
  readonly maxBodyBytes: number
  readonly trustedProxies: readonly string[]
}

/** What the listener speaks to. */
export interface NodeListenerParts {
  readonly hub: Hub
  readonly api: { handle(request: ApiRequest): Promise<ApiResponse> }
  readonly page: Page | null
  readonly log: Logger
}

/** A request must be complete within so many milliseconds; an idle socket may not hold its place for longer. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than load balancers keep connections, so that they never meet one that is just being closed. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000
/** Room for an event in the query string. */
const MAX_HEADER_BYTES = 65_536
/** First byte of a TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16

const WRONG_VERSION = upgradeRefusal('Only WebSocket version 13 is spoken here', 'Sec-WebSocket-Version: 13')
const WRONG_PROTOCOL = upgradeRefusal(
  'This request offers an upgrade to another protocol, which Node hands over before it can be answered: leave out its Upgrade header',
  'Upgrade: websocket',
)

/** HTTP and WebSocket on one port of this machine. */
export class NodeListener {
  readonly #server: Server | HttpsServer
  readonly #engine: WebSocketEngine
  readonly #sharing: TransportSharing
  readonly #proxies: TrustedProxies
  /** TCP connections of the TLS port: node:http does not know those that have yet to speak TLS. */
  readonly #tlsSockets = new Set<Socket>()
  /** Connections on their way from node:http to a transport. */
  readonly #upgrading = new Set<Duplex>()

  constructor(
    private readonly options: NodeListenerOptions,
    private readonly parts: NodeListenerParts,
  ) {
    this.#engine = createEngine(options.maxPayloadBytes)
    this.#sharing = { outbox: new Outbox(), maxPendingBytes: options.maxPendingBytes, open: new Set() }
    this.#proxies = new TrustedProxies(options.trustedProxies)
    const serverOptions = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 2000,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Where Node knows this option (20 does not), requests that merely offer HTTP/2 are answered like any other.
      shouldUpgradeCallback: isWebSocketUpgrade,
    }
    this.#server =
      options.tls === null
        ? createHttpServer(serverOptions)
        : createHttpsServer({ ...serverOptions, handshakeTimeout: HEADERS_TIMEOUT_MS, ...options.tls.read() })
    if (options.tls !== null) {
      this.#server.on('connection', (socket: Socket) => {
        this.#tlsSockets.add(socket)
        socket.on('close', () => this.#tlsSockets.delete(socket))
      })
    }
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#answer(request, response)
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head)
    })
    this.#server.on('clientError', (error: ClientError, socket: Duplex) => {
      this.#refuseMalformed(error, socket)
    })
    this.#server.on('tlsClientError', (error: ClientError, socket: Duplex) => {
      socket.destroy() // nothing can be answered without a TLS session
      if (error.code === 'ERR_SSL_HTTP_REQUEST') {
        parts.log.warn(
          {},
          'a client speaks plain HTTP to the TLS port; use https:// and wss:// (forceTLS: true)',
        )
      }
    })
  }

  /** Resolves to the port in use. @throws {ServerError} when the address cannot be bound */
  async listen(): Promise<number> {
    const { host, port, tls } = this.options
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        reject(listenError(error, 'the server', host, port))
      }
      this.#server.once('error', fail)
      this.#server.listen(port, host, () => {
        this.#server.off('error', fail)
        resolve()
      })
    })
    tls?.watch((pair) => {
      ;(this.#server as HttpsServer).setSecureContext(pair)
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** Stops listening and ends what is still open after `withinMs`. */
  async close(withinMs: number): Promise<void> {
    this.options.tls?.unwatch()
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    const timeout = setTimeout(() => {
      this.#server.closeAllConnections()
      for (const transport of this.#sharing.open) transport.terminate()
      for (const socket of [...this.#tlsSockets, ...this.#upgrading]) socket.destroy()
    }, withinMs)
    this.#server.closeIdleConnections()
    await closed
    clearTimeout(timeout)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const target = this.#target(request)
      const body = await readBody(request, this.options.maxBodyBytes)
      if (body === null) {
        respond(response, tooLarge(this.options.maxBodyBytes), { Connection: 'close' })
        return
      }
      const { page } = this.parts
      const shown =
        page === null || !target.isInside
          ? null
          : await page.handle({ ...target, body, headers: request.headers })
      respond(response, shown ?? (await this.#route(target, body)))
    } catch (error) {
      this.parts.log.debug({ err: error }, 'request ended before it was answered')
      response.destroy()
    }
  }

  #route(target: Target, body: Buffer): ApiResponse | Promise<ApiResponse> {
    if (target.isInside && target.path.startsWith('/app/')) {
      const text = 'This address takes WebSocket connections: send an upgrade request'
      return { status: 426, body: text, headers: { Upgrade: 'websocket', Connection: 'Upgrade' } }
    }
    if (!target.isInside) return { status: 404, body: `Every route begins with ${this.options.path}` }
    const { method, path, fullPath, query } = target
    return this.parts.api.handle({ method, path, fullPath, query, body })
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const onEarlyError = (): void => {
      socket.destroy() // the client went away while it was decided upon
    }
    socket.on('error', onEarlyError)
    let accepted: (HandshakeResult & { ok: true }) | null = null
    this.#upgrading.add(socket)
    try {
      const isWebSocket = isWebSocketUpgrade(request)
      if (!isWebSocket || request.headers['sec-websocket-version'] !== '13') {
        // Nobody reads from it any more, so that it would never see the client's end.
        socket.end(isWebSocket ? WRONG_VERSION : WRONG_PROTOCOL, () => socket.destroy())
        return
      }
      const { hub } = this.parts
      const decision = await hub.decide(this.#handshakeRequest(request))
      if (decision.ok) accepted = decision
      const transport = upgrade(this.#engine, request, socket, head, this.#sharing)
      socket.off('error', onEarlyError)
      if (transport === null) return
      accepted = null
      if (decision.ok) transport.receiver = hub.open(decision, transport)
      else hub.refuse(decision.appId, decision.error, transport)
    } catch (error) {
      this.parts.log.error({ err: error }, 'upgrade failed')
      socket.destroy()
    } finally {
      this.#upgrading.delete(socket)
      if (accepted !== null) await this.parts.hub.abandon(accepted)
    }
  }

  #handshakeRequest(request: IncomingMessage): HandshakeRequest {
    const { isInside, path, query } = this.#target(request)
    const proxies = this.#proxies
    const key = isInside ? /^\/app\/([^/]+)\/?$/.exec(path)?.[1] : undefined
    return {
      key: key === undefined ? null : decoded(key),
      protocol: parseQuery(query)?.get('protocol') ?? null,
      origin: request.headers.origin,
      isSecure: proxies.isSecure(request),
      get remoteAddress() {
        return proxies.addressOf(request)
      },
    }
  }

  #target({ method = 'GET', url = '/' }: IncomingMessage): Target {
    const mark = url.indexOf('?')
    const fullPath = mark === -1 ? url : url.slice(0, mark)
    const query = mark === -1 ? '' : url.slice(mark + 1)
    const { path: prefix } = this.options
    const isInside = prefix === '' || fullPath === prefix || fullPath.startsWith(`${prefix}/`)
    const path = isInside ? fullPath.slice(prefix.length) : fullPath
    return { method, isInside, path: path === '' ? '/' : path, fullPath, query }
  }

  #refuseMalformed(error: ClientError, socket: Duplex): void {
    if (error.rawPacket?.[0] === TLS_HANDSHAKE && this.options.tls === null) {
      this.parts.log.warn(
        {},
        'a client speaks TLS to this plain port; use http:// and ws:// (forceTLS: false), or configure tls',
      )
    }
    if (!socket.writable) {
      socket.destroy()
      return
    }
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request'
    // node:http no longer knows a socket whose request failed; one that the client keeps half open would stay for ever.
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
  }
}

function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

function upgradeRefusal(text: string, header: string): string {
  const length = `Content-Length: ${String(Buffer.byteLength(text))}`
  const head = [
    'HTTP/1.1 426 Upgrade Required',
    header,
    'Content-Type: text/plain',
    length,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

interface ClientError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

interface Target {
  readonly method: string
  /** Whether the path begins with the configured prefix. */
  readonly isInside: boolean
  readonly path: string
  readonly fullPath: string
  readonly query: string
}

function respond(
  response: ServerResponse,
  { status, body, headers }: ApiResponse | PageResponse,
  more?: Record<string, string>,
): void {
  response.writeHead(status, {
    'Content-Type': status === 200 ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
    ...more,
  })
  response.end(body)
}

function tooLarge(limit: number): ApiResponse {
  return { status: 413, body: `The request body is larger than the limit of ${String(limit)} bytes` }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // malformed escapes: no app has such a key
  }
}
