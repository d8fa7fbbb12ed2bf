import { randomBytes } from 'node:crypto'

/** WebSocket opcodes (RFC 6455 §5.2). */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** How a frame departs from an ordinary, masked, final client frame. */
export interface FrameShape {
  readonly opcode?: number
  readonly fin?: boolean
  /** The three reserved bits as a number from 0 to 7; 4 is RSV1. */
  readonly rsv?: number
  readonly masked?: boolean
  /** The length that the header claims, when it is not the payload's own. */
  readonly claimedLength?: number
}

/** One frame as it came from the server. */
export interface DecodedFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly payload: Buffer
}

/** Builds one WebSocket frame, broken in exactly the ways that `shape` asks for. */
export function encodeFrame(payload: string | Uint8Array, shape: FrameShape = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, rsv = 0, masked = true } = shape
  const body = Buffer.from(payload as Uint8Array)
  const length = shape.claimedLength ?? body.length
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = masked ? 0x80 : 0
  if (length < 126) head[1] |= length
  else if (length < 65_536) {
    head[1] |= 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] |= 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  if (!masked) return Buffer.concat([head, body])
  const mask = randomBytes(4)
  for (let i = 0; i < body.length; i++) body[i]! ^= mask[i % 4]!
  return Buffer.concat([head, mask, body])
}

/** Cuts a server's byte stream into frames and throws when a server frame breaks RFC 6455. */
export class FrameDecoder {
  #pending: Buffer[] = []
  #pendingBytes = 0

  push(chunk: Buffer): DecodedFrame[] {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    const frames: DecodedFrame[] = []
    for (let frame = this.#cut(); frame !== undefined; frame = this.#cut()) frames.push(frame)
    return frames
  }

  #cut(): DecodedFrame | undefined {
    if (this.#pendingBytes < 2) return undefined
    const head = this.#peek(Math.min(10, this.#pendingBytes))
    const fin = (head[0]! & 0x80) !== 0
    const opcode = head[0]! & 0x0f
    if ((head[0]! & 0x70) !== 0)
      throw new Error('server frame with a reserved bit, but nothing was negotiated')
    if ((head[1]! & 0x80) !== 0) throw new Error('server frame is masked')
    let length = head[1]! & 0x7f
    let offset = 2
    if (opcode >= 8 && (length > 125 || !fin))
      throw new Error('server control frame is too long or fragmented')
    if (length === 126) {
      if (head.length < 4) return undefined
      length = head.readUInt16BE(2)
      offset = 4
    } else if (length === 127) {
      if (head.length < 10) return undefined
      length = Number(head.readBigUInt64BE(2))
      offset = 10
    }
    if (this.#pendingBytes < offset + length) return undefined
    const all = this.#peek(this.#pendingBytes)
    const rest = all.subarray(offset + length)
    this.#pending = rest.length > 0 ? [rest] : []
    this.#pendingBytes = rest.length
    return { fin, opcode, payload: all.subarray(offset, offset + length) }
  }

  /** The first bytes in one piece; joins what came in several. */
  #peek(length: number): Buffer {
    const first = this.#pending[0]!
    if (first.length < length) this.#pending = [Buffer.concat(this.#pending)]
    return this.#pending[0]!.subarray(0, length)
  }
}
