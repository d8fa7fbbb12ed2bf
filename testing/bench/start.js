// How long until a new process serves?
import { Child, withChildren } from './lib/child.js'
import { measured } from './lib/report.js'
import { summary } from './lib/samples.js'

const ROUNDS = 15

/** @returns {Promise<import('./lib/report.js').Report>} */
export async function start() {
  /** @type {Record<'wall' | 'cpu', number[]>} */
  const imports = { wall: [], cpu: [] }
  /** @type {Record<'wall' | 'cpu', number[]>} */
  const listens = { wall: [], cpu: [] }
  for (let round = 0; round < ROUNDS; round++) {
    const children = { server: new Child(new URL('./servers/starting.js', import.meta.url)) }
    await withChildren(children, async ({ server }) => {
      const { imported, listening } = await server.ask('start')
      imports.wall.push(imported.wallMs)
      imports.cpu.push(imported.cpuMs)
      listens.wall.push(listening.wallMs)
      listens.cpu.push(listening.cpuMs)
    })
  }
  return {
    title: 'Start: in a new process',
    measured: [
      measured("import('pogo-websocket')", 'ms', imports),
      measured('createServer().listen()', 'ms', listens),
    ],
    goals: [
      { text: 'import', value: summary(imports.wall), goal: 150, unit: 'ms' },
      { text: 'createServer().listen()', value: summary(listens.wall), goal: 10, unit: 'ms' },
    ],
  }
}
