// `npm run bench`: what the server costs, beside a peer in the same run. See docs/benchmarks.md.
//
//   npm run bench                            everything
//   npm run bench -- delivery publish        only these
//   npm run bench -- delivery --profile      also leaves CPU profiles of the servers in .cache/bench/
import { availableParallelism, cpus } from 'node:os'
import { delivery } from './delivery.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { publish } from './publish.js'
import { isReached, print } from './lib/report.js'
import { start } from './start.js'

/** @type {Readonly<Record<string, () => Promise<import('./lib/report.js').Report>>>} */
const questions = { delivery, publish, memory, start, latency }

const named = process.argv.slice(2).filter((argument) => argument !== '--profile')
const unknown = named.filter((name) => !Object.hasOwn(questions, name))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(questions).join(', ')}.`,
  )
  process.exit(2)
}

console.log(`Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'})`)
const goals = []
for (const [name, ask] of Object.entries(questions)) {
  if (named.length > 0 && !named.includes(name)) continue
  const report = await ask()
  print(report)
  goals.push(...report.goals)
}
const missed = goals.filter((goal) => !isReached(goal))
console.log(`\n${goals.length - missed.length} of ${goals.length} goals reached`)
for (const { text } of missed) console.log(`  missed: ${text}`)
