import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer, type Server } from 'ws'
import type { OutgoingMessage, Transport, TransportReceiver } from '../contracts.js'
import { closeCodes } from '../protocol/errors.js'
import { pongFrame, textFrame } from './frame.js'
import { SocketQueue, type Outbox } from './outbox.js'

/** How long a peer may take to answer a close frame, or to read what comes before it. */
const CLOSE_TIMEOUT_MS = 10_000

/** Longest text of a close frame (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123

/** A WebSocket whose own frames never overtake the queued ones: whatever `ws` sends itself leaves behind the queue. */
class QueuedWebSocket extends WebSocket {
  /** Set as soon as the handshake is done. */
  transport: WebSocketTransport | null = null

  override close(code?: number, data?: string | Buffer): void {
    this.transport?.beforeClose()
    super.close(code, data)
  }

  /** What `ws` tells goes straight to the transport: listeners of its own would weigh on every idle connection. */
  override emit(event: string | symbol, data?: unknown, isBinary?: unknown): boolean {
    if (event === 'message') this.transport?.received(data as Buffer, isBinary === true)
    else if (event === 'ping') this.transport?.pinged(data as Buffer)
    else if (event === 'pong') this.transport?.ponged()
    else if (event === 'close') this.transport?.closed()
    // 'error' is a fault of the peer or a broken socket: `ws` closes with the right code, and 'close' follows.
    return true
  }
}

/** The engine: `ws` reads frames and keeps the state of a connection, we write. */
export type WebSocketEngine = Server<typeof QueuedWebSocket>

/** Without compression: a compressed frame cannot be shared, and costs more memory than it saves here. */
export function createEngine(maxPayloadBytes: number): WebSocketEngine {
  const options = {
    noServer: true,
    WebSocket: QueuedWebSocket,
    autoPong: false,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxPayloadBytes,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  return new WebSocketServer(options)
}

/** What the transports of one listener share. */
export interface TransportSharing {
  readonly outbox: Outbox
  readonly maxPendingBytes: number
  /** Every transport whose socket is not gone yet; node:http forgets connections that were upgraded. */
  readonly open: Set<WebSocketTransport>
}

/** Completes the upgrade; answers `null` when the request was no valid WebSocket handshake (then it has been answered). */
export function upgrade(
  engine: WebSocketEngine,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  sharing: TransportSharing,
): WebSocketTransport | null {
  if (!(socket instanceof Socket)) throw new TypeError('an upgraded connection of node:http is a net.Socket')
  let transport: WebSocketTransport | null = null
  engine.handleUpgrade(request, socket, head, (webSocket) => {
    transport = new WebSocketTransport(webSocket, socket, sharing)
  })
  return transport
}

/** One client over `ws` and its socket. */
export class WebSocketTransport implements Transport {
  receiver: TransportReceiver | null = null
  readonly #webSocket: QueuedWebSocket
  readonly #queue: SocketQueue
  readonly #open: Set<WebSocketTransport>
  #isClosing = false

  constructor(
    webSocket: QueuedWebSocket,
    socket: Socket,
    { outbox, maxPendingBytes, open }: TransportSharing,
  ) {
    this.#open = open
    open.add(this)
    this.#webSocket = webSocket
    this.#queue = new SocketQueue(outbox, socket, maxPendingBytes, this)
    webSocket.transport = this
  }

  send(message: OutgoingMessage): void {
    if (this.#isClosing) return
    message.encoded ??= textFrame(message.text)
    this.#queue.push(message.encoded)
  }

  ping(): void {
    if (this.#isClosing) return
    this.#queue.write()
    this.#webSocket.ping()
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, fitted(reason))
  }

  terminate(): void {
    this.#isClosing = true
    this.#webSocket.terminate()
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  received(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.close(closeCodes.unsupportedData, 'Binary messages are not supported')
    else this.receiver?.receive(data.toString())
  }

  /** Answered through the queue, so that a peer that pings and does not read meets its bound. */
  pinged(payload: Buffer): void {
    if (!this.#isClosing) this.#queue.push(pongFrame(payload))
    this.receiver?.active()
  }

  ponged(): void {
    this.receiver?.active()
  }

  /** The socket is gone. */
  closed(): void {
    this.#open.delete(this)
    this.#leave()
  }

  /** Called by the queue. */
  stalled(): void {
    if (this.receiver === null) this.terminate()
    else this.receiver.stalled()
  }

  /** Whoever closes, we or the peer: what is queued leaves first, and nothing after it. */
  beforeClose(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#queue.write()
    // Not only when the socket is gone: a peer may take its time to end it, and would stay a member until then.
    this.#leave()
  }

  #leave(): void {
    const { receiver } = this
    this.receiver = null
    receiver?.disconnected()
  }
}

/** Cut to what a close frame can hold, between two characters. */
function fitted(reason: string): string {
  const bytes = Buffer.from(reason)
  return bytes.length <= MAX_REASON_BYTES
    ? reason
    : bytes.toString('utf8', 0, MAX_REASON_BYTES).replace(/\uFFFD+$/, '')
}
