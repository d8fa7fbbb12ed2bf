// How long does a delivery take under moderate load? For information: there is no goal, and other work on the machine shows.
import { setTimeout } from 'node:timers/promises'
import { Child, withChildren } from './lib/child.js'
import { measured } from './lib/report.js'
import { interleaved, quantile } from './lib/samples.js'

const SUBSCRIBERS = 500
const ROUNDS = 7
const EVENTS_PER_ROUND = 50
/** 40 events a second: 20,000 deliveries. */
const PAUSE_MS = 25
const NANOSECONDS_PER_MS = 1e6

const event = { channel: 'orders', name: 'order.updated', data: JSON.stringify({ text: 'x'.repeat(150) }) }
const FRAME_BYTES =
  4 + Buffer.byteLength(JSON.stringify({ event: event.name, channel: event.channel, data: event.data }))

/** @returns {Promise<import('./lib/report.js').Report>} */
export async function latency() {
  const children = {
    pogo: new Child(new URL('./servers/pogo.js', import.meta.url)),
    ws: new Child(new URL('./servers/plain-ws.js', import.meta.url)),
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
    /** @type {Record<keyof typeof servers, number[]>} */
    const p99 = { pogo: [], ws: [] }

    /** Median of a round, in milliseconds from the publish to the subscriber. @param {keyof typeof servers} name */
    const round = async (name) => {
      const server = servers[name]
      await load.ask('watch', name, FRAME_BYTES)
      const received = load.ask('receive', name, SUBSCRIBERS * EVENTS_PER_ROUND * FRAME_BYTES)
      /** @type {bigint[]} */
      const publishedAt = []
      for (let published = 0; published < EVENTS_PER_ROUND; published++) {
        publishedAt.push(BigInt(await server.ask('publish', [event])))
        await setTimeout(PAUSE_MS)
      }
      await received
      /** @type {[number, string][]} */
      const arrivals = await load.ask('watched', name)
      const delaysMs = arrivals.map(
        ([message, at]) => Number(BigInt(at) - (publishedAt[message] ?? 0n)) / NANOSECONDS_PER_MS,
      )
      p99[name].push(quantile(delaysMs, 0.99))
      return quantile(delaysMs, 0.5)
    }
    /** @param {number} rounds */
    const measure = (rounds) => interleaved(rounds, { pogo: () => round('pogo'), ws: () => round('ws') })

    await measure(1) // warm
    p99.pogo = []
    p99.ws = []
    const p50 = await measure(ROUNDS)
    return {
      title: `Latency: publish to subscriber, ${SUBSCRIBERS} subscribers, one event every ${PAUSE_MS} ms (for information)`,
      measured: [
        measured('p50', 'ms', { pogo: p50.pogo, 'ws.send() per subscriber': p50.ws }),
        measured('p99', 'ms', { pogo: p99.pogo, 'ws.send() per subscriber': p99.ws }),
      ],
      goals: [],
    }
  })
}
