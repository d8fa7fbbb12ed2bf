import { setImmediate } from 'node:timers/promises'

/**
 * The side of a child process: answers what its parent asks, and ends with it.
 * @param {Record<string, (...args: any[]) => unknown>} calls
 */
export function serve(calls) {
  /** @type {Record<string, (...args: any[]) => unknown>} */
  const all = { cpuMicroseconds, memory, ...calls }
  process.on(
    'message',
    async (/** @type {{ id: number, call: string, args: unknown[] }} */ { id, call, args }) => {
      try {
        process.send?.({ id, result: await all[call]?.(...args) })
      } catch (error) {
        process.send?.({ id, error: String(error instanceof Error ? error.stack : error) })
      }
    },
  )
  process.on('disconnect', () => process.exit())
}

/** CPU of the whole process so far: JavaScript, kernel, garbage collection. */
function cpuMicroseconds() {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** What is still in use after garbage collection; needs `--expose-gc`. */
async function memory() {
  for (let round = 0; round < 4; round++) {
    await setImmediate()
    globalThis.gc?.()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, used: heapUsed + external }
}
