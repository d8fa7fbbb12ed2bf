// The floor of what Node can do: frames that are ready, one write per socket and turn, and nothing else.
import { createServer } from 'node:net'
import { serve } from '../lib/serve.js'

/** @type {Set<import('node:net').Socket>} */
const sockets = new Set()
const server = createServer((socket) => {
  sockets.add(socket)
  socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  socket.on('error', () => undefined)
  socket.on('close', () => sockets.delete(socket))
})

serve({
  async listen() {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port
  },

  publish(/** @type {{ channel: string, name: string, data: string }[]} */ events) {
    const frames = Buffer.concat(
      events.map(({ name, channel, data }) => frame({ event: name, channel, data })),
    )
    for (const socket of sockets) socket.write(frames)
  },
})

/** A text frame of 126 to 65,535 bytes (RFC 6455 §5.2). @param {object} message */
function frame(message) {
  const payload = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]), payload])
}
