import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hmacSha256 } from './hmac.js'

const reference = (key: string, message: string | Buffer): string =>
  createHmac('sha256', key).update(message).digest('hex')

it('agrees with node:crypto for any key and text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 })
  fc.assert(
    fc.property(text, text, (key, message) => {
      expect(hmacSha256(key, message)).toBe(reference(key, message))
    }),
    { numRuns: 2000 },
  )
})

it.each([0, 1, 63, 64, 65, 128, 256, 257, 1000])(
  'agrees with node:crypto for a key of %i bytes',
  (length) => {
    const key = 'é'.repeat(Math.floor(length / 2)) + 'k'.repeat(length % 2)
    expect(Buffer.byteLength(key)).toBe(length)
    expect(hmacSha256(key, 'message')).toBe(reference(key, 'message'))
  },
)

it('agrees with node:crypto for bytes that are no text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const message = Buffer.from(bytes)
      expect(hmacSha256('key', message)).toBe(reference('key', message))
    }),
  )
})
