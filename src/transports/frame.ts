const FIN = 0x80
const TEXT = 0x1
const PONG = 0xa

/** An unmasked WebSocket text frame of a server; the same bytes for every receiver (RFC 6455 §5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = FIN | TEXT
  if (headerLength === 2) frame[1] = length
  else if (headerLength === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, headerLength)
  return frame
}

/** The answer to a ping: the same payload, at most 125 bytes (RFC 6455 §5.5.3). */
export function pongFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + payload.length)
  frame[0] = FIN | PONG
  frame[1] = payload.length
  payload.copy(frame, 2)
  return frame
}
