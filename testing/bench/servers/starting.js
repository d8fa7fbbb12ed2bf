// Measures its own start.
import { performance } from 'node:perf_hooks'
import { serve } from '../lib/serve.js'

serve({
  async start() {
    /** @type {typeof import('pogo-websocket')} */
    let pogo
    const imported = await timed(async () => (pogo = await import('pogo-websocket')))
    const listening = await timed(() =>
      pogo.createServer({ port: 0, apps: [{ id: 'app', key: 'key', secret: 'secret' }] }).listen(),
    )
    return { imported, listening }
  },
})

/** @param {() => Promise<unknown>} task */
async function timed(task) {
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  await task()
  const wallMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wallMs, cpuMs: (user + system) / 1000 }
}
