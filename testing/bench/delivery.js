// What does a delivery cost the server? One event to many subscribers, one at a time and in bursts.
import { Child, serverOptions, withChildren } from './lib/child.js'
import { measured, ratioGoal } from './lib/report.js'
import { interleaved } from './lib/samples.js'

const SUBSCRIBERS = 1000
const ROUNDS = 9
const SINGLES_PER_ROUND = 40
const BURSTS_PER_ROUND = 10
const BURST = 10

const event = { channel: 'orders', name: 'order.updated', data: JSON.stringify({ text: 'x'.repeat(150) }) }
const FRAME_BYTES =
  4 + Buffer.byteLength(JSON.stringify({ event: event.name, channel: event.channel, data: event.data }))

/** @returns {Promise<import('./lib/report.js').Report>} */
export async function delivery() {
  const children = {
    pogo: new Child(new URL('./servers/pogo.js', import.meta.url), serverOptions('delivery-pogo')),
    ws: new Child(new URL('./servers/plain-ws.js', import.meta.url), serverOptions('delivery-ws')),
    floor: new Child(new URL('./servers/net-floor.js', import.meta.url)),
    load: new Child(new URL('./load/subscribers.js', import.meta.url)),
  }
  return withChildren(children, async ({ load, ...servers }) => {
    for (const [name, server] of Object.entries(servers)) {
      await load.ask(
        'open',
        name,
        await server.ask('listen'),
        SUBSCRIBERS,
        name === 'pogo' ? event.channel : null,
      )
    }

    /** CPU of `server` per delivery. @param {keyof typeof servers} name @param {number} turns @param {number} size */
    const cost = async (name, turns, size) => {
      const server = servers[name]
      const events = Array.from({ length: size }, () => event)
      const before = await server.ask('cpuMicroseconds')
      for (let turn = 0; turn < turns; turn++) {
        const received = load.ask('receive', name, SUBSCRIBERS * size * FRAME_BYTES)
        await server.ask('publish', events)
        await received
      }
      return ((await server.ask('cpuMicroseconds')) - before) / (turns * size * SUBSCRIBERS)
    }
    /** @param {number} rounds @param {number} turns @param {number} size */
    const measure = (rounds, turns, size) =>
      interleaved(rounds, {
        pogo: () => cost('pogo', turns, size),
        ws: () => cost('ws', turns, size),
        floor: () => cost('floor', turns, size),
      })

    await measure(2, SINGLES_PER_ROUND, 1) // warm
    const single = await measure(ROUNDS, SINGLES_PER_ROUND, 1)
    await measure(2, BURSTS_PER_ROUND, BURST)
    const burst = await measure(ROUNDS, BURSTS_PER_ROUND, BURST)

    return {
      title: `Delivery: server CPU per delivery, ${SUBSCRIBERS} subscribers, frames of ${FRAME_BYTES} bytes`,
      measured: [
        measured('one message at a time', 'µs', rows(single)),
        measured(`${BURST} messages in one turn`, 'µs', rows(burst)),
      ],
      goals: [
        ratioGoal('one at a time, against ws', single.pogo, single.ws, 0.9),
        ratioGoal('in bursts, against ws', burst.pogo, burst.ws, 0.2),
      ],
    }
  })
}

/** @param {Record<'pogo' | 'ws' | 'floor', number[]>} samples */
function rows({ pogo, ws, floor }) {
  return { pogo, 'ws.send() per subscriber': ws, 'ready bytes, one write each (the floor)': floor }
}
