// The server under measurement.
import { createServer } from 'pogo-websocket'
import { serve } from '../lib/serve.js'

/** Nobody answers pings here. */
const NEVER_SECONDS = 3600

const server = createServer({
  port: 0,
  pingIntervalSeconds: NEVER_SECONDS,
  activityTimeoutSeconds: NEVER_SECONDS,
  apps: [{ id: 'app', key: 'key', secret: 'secret' }],
})

serve({
  async listen() {
    await server.listen()
    return server.port
  },

  /** All events within one turn of the event loop; answers when they were published. */
  async publish(/** @type {{ channel: string, name: string, data: string }[]} */ events) {
    const atNanoseconds = String(process.hrtime.bigint())
    await Promise.all(
      events.map(({ channel, name, data }) => server.publish('app', { channels: [channel], name, data })),
    )
    return atNanoseconds
  },
})
