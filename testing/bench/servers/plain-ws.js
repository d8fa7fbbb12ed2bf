// The peer: `ws` as most would use it, with a loop that sends to every client.
import { WebSocketServer } from 'ws'
import { serve } from '../lib/serve.js'

/** @type {WebSocketServer} */
let server

serve({
  async listen() {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    server.on('connection', (client) => {
      client.on('message', () => undefined)
    })
    await new Promise((resolve) => server.once('listening', resolve))
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port
  },

  publish(/** @type {{ channel: string, name: string, data: string }[]} */ events) {
    const atNanoseconds = String(process.hrtime.bigint())
    for (const { name, channel, data } of events) {
      const text = JSON.stringify({ event: name, channel, data })
      for (const client of server.clients) client.send(text)
    }
    return atNanoseconds
  },
})
