import type { IncomingMessage } from 'node:http'

const EMPTY = Buffer.alloc(0)

/** How much of a body that is too large is read and thrown away, so that the client lives to read the answer. */
const DISCARDED_BYTES = 32 * 1024 * 1024

/** The whole body, or `null` when it is larger than `maxBytes`; never holds more than that. Rejects when it breaks off. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + DISCARDED_BYTES)
    return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else chunks = []
      if (bytes > maxBytes + DISCARDED_BYTES) {
        request.pause()
        resolve(null)
      }
    })
    request.on('end', () => {
      if (bytes > maxBytes) resolve(null)
      else resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks))
    })
    request.on('error', reject)
  })
}
