// What does an idle connection with one subscription keep in memory?
import { Child, withChildren } from './lib/child.js'
import { openFileLimit } from './lib/open-files.js'
import { measured, ratioGoal } from './lib/report.js'
import { interleaved, summary } from './lib/samples.js'

const CONNECTIONS = 5000
/** Files a process has open beside its connections. */
const OTHER_FILES = 100
const ROUNDS = 7
const KB = 1024

/** @returns {Promise<import('./lib/report.js').Report>} */
export async function memory() {
  const count = Math.min(CONNECTIONS, openFileLimit() - OTHER_FILES)
  if (count < CONNECTIONS) console.log(`\nmemory: the limit of open files allows ${count} connections only`)
  const children = { load: new Child(new URL('./load/subscribers.js', import.meta.url)) }
  return withChildren(children, async ({ load }) => {
    /** @type {Record<'pogo' | 'ws', number[]>} */
    const used = { pogo: [], ws: [] }

    /**
     * Each time in a new process, which nothing has grown before.
     * @param {'pogo' | 'ws'} name
     * @param {URL} file
     * @param {string | null} channel
     */
    const cost = (name, file, channel) =>
      withChildren({ server: new Child(file, ['--expose-gc']) }, async ({ server }) => {
        const port = await server.ask('listen')
        const before = await server.ask('memory')
        await load.ask('open', name, port, count, channel)
        const after = await server.ask('memory')
        await load.ask('close', name)
        used[name].push((after.used - before.used) / count / KB)
        return (after.rss - before.rss) / count / KB
      })

    const { pogo, ws } = await interleaved(ROUNDS, {
      pogo: () => cost('pogo', new URL('./servers/pogo.js', import.meta.url), 'news'),
      ws: () => cost('ws', new URL('./servers/plain-ws.js', import.meta.url), null),
    })
    return {
      title: `Memory: per idle connection with one subscription, ${count} connections, after garbage collection`,
      measured: [
        measured('resident (RSS)', 'KB', { pogo, 'bare ws server': ws }),
        measured('resident, against ws', 'times', { pogo: pogo.map((kb, round) => kb / (ws[round] ?? NaN)) }),
        measured('heap used and external', 'KB', { pogo: used.pogo, 'bare ws server': used.ws }),
      ],
      // Resident memory moves with V8's young generation, which both servers grow in steps of up to 16 MB (3 KB for each of
      // 5,000 connections) at moments of their own; what is in use is what the connections really keep.
      goals: [
        ratioGoal('heap used and external, against ws', used.pogo, used.ws, 1.3),
        { text: 'resident', value: summary(pogo), goal: 15, unit: 'KB' },
      ],
    }
  })
}
