import { hash } from 'node:crypto'

/** Bytes that SHA-256 takes at a time. */
const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/** Keys whose blocks are remembered; apps have few, and a store of apps may have many. */
const MAX_KEYS = 1000
/** Longer keys are not remembered: what a stranger gives may be tried as a key, and must not fill the memory. */
const MAX_REMEMBERED_LENGTH = 256

/** A key as HMAC puts it before a message, and before the digest of that. */
interface KeyBlocks {
  readonly inner: Buffer
  readonly outer: Buffer
}

const blocksByKey = new Map<string, KeyBlocks>()

/**
 * Lower-case hex HMAC-SHA256 (RFC 2104) from two calls of the one-shot hash. `crypto.createHmac` builds a stream and
 * looks its algorithm up for every message, which was a quarter of what a signed request costs.
 */
export function hmacSha256(key: string, message: string | Buffer): string {
  const { inner, outer } = blocksOf(key)
  const bytes = typeof message === 'string' ? Buffer.byteLength(message) : message.length
  const signed = Buffer.allocUnsafe(BLOCK_BYTES + bytes)
  inner.copy(signed)
  if (typeof message === 'string') signed.write(message, BLOCK_BYTES)
  else message.copy(signed, BLOCK_BYTES)
  const digest = Buffer.allocUnsafe(BLOCK_BYTES + DIGEST_BYTES)
  outer.copy(digest)
  digest.write(hash('sha256', signed, 'binary'), BLOCK_BYTES, 'binary')
  return hash('sha256', digest)
}

function blocksOf(key: string): KeyBlocks {
  const known = blocksByKey.get(key)
  if (known !== undefined) return known
  const bytes = Buffer.byteLength(key) > BLOCK_BYTES ? hash('sha256', key, 'buffer') : Buffer.from(key)
  const blocks = { inner: Buffer.alloc(BLOCK_BYTES, 0x36), outer: Buffer.alloc(BLOCK_BYTES, 0x5c) }
  for (const [index, byte] of bytes.entries()) {
    blocks.inner.writeUInt8(byte ^ 0x36, index)
    blocks.outer.writeUInt8(byte ^ 0x5c, index)
  }
  if (key.length > MAX_REMEMBERED_LENGTH) return blocks
  if (blocksByKey.size >= MAX_KEYS) blocksByKey.clear()
  blocksByKey.set(key, blocks)
  return blocks
}
