// The peer: `node:http` that reads the body and answers `{}`.
import { createServer } from 'node:http'
import { serve } from '../lib/serve.js'

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = []
  request.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk))
  request.on('end', () => {
    Buffer.concat(chunks)
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 2 })
    response.end('{}')
  })
})

serve({
  async listen() {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port
  },
})
