import type net from 'node:net'
import tls from 'node:tls'
import type { FrameShape, DecodedFrame } from './frame-codec.js'
import { encodeFrame, FrameDecoder, OPCODE } from './frame-codec.js'
import type { WireMessage } from './frame-validator.js'
import { checkServerFrame } from './frame-validator.js'
import type { WaitOptions } from './inbox.js'
import { DEFAULT_TIMEOUT_MS, Inbox } from './inbox.js'
import type { Handshake, HandshakeOptions } from './raw-handshake.js'
import { shakeHands } from './raw-handshake.js'

/** One event of the server. */
export interface ReceivedFrame {
  /** The message exactly as it came. */
  readonly text: string
  readonly message: WireMessage
  readonly event: string
  readonly channel: string | undefined
  /** `data` of the outer JSON: a string wherever the protocol encodes twice. */
  readonly data: unknown
  /** `data` decoded once more where it is a string that holds JSON. */
  readonly payload: unknown
}

/** An event's name, or a test of the whole frame. */
export type FrameMatch = string | ((frame: ReceivedFrame) => boolean)

/** How a connection ended; code 1006 when no close frame came, 1005 when one came without a code. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** How a raw client departs from an ordinary one. */
export interface RawClientOptions extends HandshakeOptions {
  readonly answerPings?: boolean
  readonly answerClose?: boolean
}

/**
 * A WebSocket client of our own on plain sockets, so that it can misbehave in every way a test needs, and so that every
 * frame of the server is checked: one that breaks the protocol fails the wait, and at the latest the disposal.
 */
export class RawClient {
  /** Events of the server in order. */
  readonly inbox = new Inbox<ReceivedFrame>('raw client', (frame) => frame.text)
  /** Payloads of WebSocket pings and pongs in order. */
  readonly pings = new Inbox<Buffer>('raw client, WebSocket pings', (payload) => payload.toString('hex'))
  readonly pongs = new Inbox<Buffer>('raw client, WebSocket pongs', (payload) => payload.toString('hex'))
  /** The server's answer to the upgrade request. */
  readonly handshake: Handshake
  /** The server's close frame, once it came. */
  closeFrame: Closing | undefined

  readonly #socket: net.Socket
  readonly #options: RawClientOptions
  readonly #decoder = new FrameDecoder()
  readonly #closed: Promise<Closing>
  #fragments: Buffer[] = []
  #violation: Error | undefined
  #socketId: string | undefined
  #isOver = false
  #pingsSent = 0
  #pongsSeen = 0

  private constructor(socket: net.Socket, handshake: Handshake, options: RawClientOptions) {
    this.#socket = socket
    this.handshake = handshake
    this.#options = options
    this.#closed = new Promise((resolve) => {
      const end = (): void => {
        this.#isOver = true
        const closing = this.closeFrame ?? { code: 1006, reason: '' }
        for (const inbox of [this.inbox, this.pings, this.pongs]) {
          inbox.end(`the connection closed (${closing.code} ${closing.reason})`)
        }
        resolve(closing)
      }
      if (socket.closed) end()
      else socket.once('close', end)
    })
  }

  /** Connects and resolves with the server's answer to the upgrade, whatever its status. */
  static async connect(url: string, options: RawClientOptions = {}): Promise<RawClient> {
    const { socket, handshake, rest } = await shakeHands(url, options)
    const client = new RawClient(socket, handshake, options)
    if (handshake.status === 101) {
      socket.on('data', (chunk: Buffer) => {
        client.#receive(chunk)
      })
      if (rest.length > 0) client.#receive(rest)
    }
    return client
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#handle(frame)
    } catch (error) {
      this.#violation ??= error as Error
      this.inbox.end(this.#violation.message)
    }
  }

  #handle({ opcode, fin, payload }: DecodedFrame): void {
    if (this.closeFrame !== undefined) throw new Error('the server sent a frame behind its close frame')
    if (opcode === OPCODE.ping) {
      this.pings.push(payload)
      if (this.#options.answerPings !== false) this.sendFrame(payload, { opcode: OPCODE.pong })
    } else if (opcode === OPCODE.pong) this.pongs.push(payload)
    else if (opcode === OPCODE.close) this.#handleClose(payload)
    else if (opcode === OPCODE.text || opcode === OPCODE.continuation) {
      if ((opcode === OPCODE.text) !== (this.#fragments.length === 0))
        throw new Error('fragments out of order')
      this.#fragments.push(payload)
      if (!fin) return
      const bytes = Buffer.concat(this.#fragments)
      this.#fragments = []
      this.#handleText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } else throw new Error(`the server sent a frame with opcode ${opcode}; only text is part of the protocol`)
  }

  #handleText(text: string): void {
    const message = checkServerFrame(text)
    const isFirst = this.inbox.items.length === 0
    const { event, channel, data } = message
    if (event === 'pusher:connection_established') {
      if (!isFirst) throw new Error('pusher:connection_established is not the first frame')
      this.#socketId = (JSON.parse(data as string) as { socket_id: string }).socket_id
    } else if (isFirst && event !== 'pusher:error') throw new Error(`the first frame is ${text}`)
    if (event === 'pusher:pong') this.#pongsSeen++
    this.inbox.push({ text, message, event, channel, data, payload: decodeData(data) })
  }

  #handleClose(payload: Buffer): void {
    if (payload.length === 1) throw new Error('close frame with half a code')
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
    const reason = new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2))
    this.closeFrame = { code, reason }
    if (this.#options.answerClose !== false) {
      this.sendFrame(payload.subarray(0, 2), { opcode: OPCODE.close })
      this.#socket.end()
    }
  }

  /** Socket id of an established connection. */
  get socketId(): string {
    if (this.#socketId === undefined) throw new Error('not established; await established() first')
    return this.#socketId
  }

  /** Waits for the first frame and answers the socket id. */
  async established(options: WaitOptions = {}): Promise<string> {
    await this.next('pusher:connection_established', options)
    return this.socketId
  }

  /** Takes the first matching frame that no other wait has taken; the failure shows every frame seen. */
  async next(match: FrameMatch, options: WaitOptions = {}): Promise<ReceivedFrame> {
    const what = typeof match === 'string' ? `\`${match}\`` : 'a matching frame'
    const frame = await this.inbox.next(matcher(match), { what, ...options })
    this.#throwViolation()
    return frame
  }

  /**
   * Checks that no matching frame came that no wait has taken. It waits for no duration: it sends `pusher:ping`, and what
   * the server sent before the `pusher:pong` is all there is.
   */
  async expectNothing(match: FrameMatch, options: WaitOptions = {}): Promise<void> {
    await this.barrier(options)
    const unexpected = this.inbox.untaken(matcher(match))
    if (unexpected.length === 0) return
    const list = unexpected.map((frame) => `  ${frame.text}`).join('\n')
    throw new Error(`expected no such frame, but saw:\n${list}\n${this.inbox.summary()}`)
  }

  /** Resolves when the server has answered everything sent before, measured by a `pusher:ping`. */
  async barrier(options: WaitOptions = {}): Promise<void> {
    this.send({ event: 'pusher:ping', data: {} })
    const wanted = this.#pingsSent
    const isLast = (frame: ReceivedFrame): boolean =>
      frame.event === 'pusher:pong' && this.#pongsSeen >= wanted
    await this.next(isLast, { what: 'the `pusher:pong` of the barrier', ...options })
    while (this.inbox.take((frame) => frame.event === 'pusher:pong') !== undefined);
  }

  /** Waits until the connection is gone and says how; the failure shows every frame seen. */
  async closed(options: WaitOptions = {}): Promise<Closing> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options
    const error = new Error()
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const came = this.closeFrame
          ? `close frame ${this.closeFrame.code}, but TCP still open`
          : 'no close frame'
        error.message = `the connection did not close within ${timeoutMs} ms (${came})\n${this.inbox.summary()}`
        reject(error)
      }, timeoutMs)
    })
    const closing = await Promise.race([this.#closed, timeout]).finally(() => {
      clearTimeout(timer)
    })
    this.#throwViolation()
    return closing
  }

  get isClosed(): boolean {
    return this.#isOver
  }

  send(message: unknown): void {
    this.sendText(JSON.stringify(message))
  }

  sendText(text: string): void {
    if (isPusherPing(text)) this.#pingsSent++
    this.sendFrame(text)
  }

  /** Sends one frame, well-formed or not. */
  sendFrame(payload: string | Uint8Array, shape: FrameShape = {}): void {
    this.sendRaw(encodeFrame(payload, shape))
  }

  /** Sends one text message in several frames; `between` goes out after each but the last. */
  sendFragments(parts: readonly (string | Uint8Array)[], between?: Uint8Array): void {
    for (const [index, part] of parts.entries()) {
      const fin = index === parts.length - 1
      this.sendFrame(part, { opcode: index === 0 ? OPCODE.text : OPCODE.continuation, fin })
      if (!fin && between !== undefined) this.sendRaw(between)
    }
  }

  sendBinary(payload: string | Uint8Array): void {
    this.sendFrame(payload, { opcode: OPCODE.binary })
  }

  /** Sends a WebSocket ping. */
  ping(payload: string | Uint8Array = ''): void {
    this.sendFrame(payload, { opcode: OPCODE.ping })
  }

  /** Sends a WebSocket pong. */
  pong(payload: string | Uint8Array = ''): void {
    this.sendFrame(payload, { opcode: OPCODE.pong })
  }

  sendClose(code?: number, reason = ''): void {
    const head = Buffer.alloc(code === undefined ? 0 : 2)
    if (code !== undefined) head.writeUInt16BE(code)
    this.sendFrame(Buffer.concat([head, Buffer.from(reason)]), { opcode: OPCODE.close })
  }

  sendRaw(bytes: Uint8Array): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes)
  }

  /** Stops reading, so that the server's data piles up. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends the connection behind what was sent, without a close frame. */
  end(): void {
    this.#socket.end()
  }

  /** Cuts the connection with a TCP reset, without a close frame. */
  destroy(): void {
    if (this.#socket instanceof tls.TLSSocket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Closes and waits for the server's goodbye. */
  async close(code = 1000): Promise<Closing> {
    this.sendClose(code)
    return this.closed()
  }

  #throwViolation(): void {
    if (this.#violation !== undefined) throw this.#violation
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) {
      if (this.closeFrame === undefined && this.handshake.status === 101) this.sendClose(1000)
      else this.#socket.end()
      const guard = setTimeout(() => this.#socket.destroy(), 500) // a server under test may never answer
      if (this.#socket.isPaused()) this.#socket.destroy()
      await this.#closed
      clearTimeout(guard)
    }
    this.#throwViolation()
  }
}

function matcher(match: FrameMatch): (frame: ReceivedFrame) => boolean {
  return typeof match === 'string' ? (frame) => frame.event === match : match
}

function decodeData(data: unknown): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

function isPusherPing(text: string): boolean {
  try {
    return (JSON.parse(text) as { event?: unknown } | null)?.event === 'pusher:ping'
  } catch {
    return false
  }
}
