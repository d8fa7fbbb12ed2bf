// What does a signed publish over HTTP cost, without subscribers?
import { Child, serverOptions, withChildren } from './lib/child.js'
import { measured, ratioGoal } from './lib/report.js'
import { interleaved } from './lib/samples.js'

const ROUNDS = 11
const REQUESTS = 4000
const CONNECTIONS = 8

/** @returns {Promise<import('./lib/report.js').Report>} */
export async function publish() {
  const children = {
    pogo: new Child(new URL('./servers/pogo.js', import.meta.url), serverOptions('publish-pogo')),
    http: new Child(new URL('./servers/bare-http.js', import.meta.url), serverOptions('publish-http')),
    load: new Child(new URL('./load/requests.js', import.meta.url)),
  }
  return withChildren(children, async ({ load, ...servers }) => {
    await load.ask('prepare', REQUESTS)
    for (const [name, server] of Object.entries(servers)) {
      await load.ask('open', name, await server.ask('listen'), CONNECTIONS)
    }

    /** CPU of `server` per request. @param {keyof typeof servers} name */
    const cost = async (name) => {
      const server = servers[name]
      const before = await server.ask('cpuMicroseconds')
      await load.ask('post', name)
      return ((await server.ask('cpuMicroseconds')) - before) / REQUESTS
    }
    /** @param {number} rounds */
    const measure = (rounds) => interleaved(rounds, { pogo: () => cost('pogo'), http: () => cost('http') })

    await measure(2) // warm
    const { pogo, http } = await measure(ROUNDS)
    return {
      title: `Publish: server CPU per signed POST /events without subscribers, ${CONNECTIONS} kept connections`,
      measured: [measured('one request', 'µs', { pogo, 'bare node:http': http })],
      goals: [ratioGoal('one request, against node:http', pogo, http, 2)],
    }
  })
}
