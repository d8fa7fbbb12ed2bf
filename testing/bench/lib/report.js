import { ratio, summary } from './samples.js'

/** @typedef {import('./samples.js').Summary} Summary */
/** @typedef {{ text: string, value: Summary, goal: number, unit?: string }} Goal what must be at most `goal` */
/** @typedef {{ name: string, rows: { name: string, value: Summary }[], unit: string }} Measured */
/** @typedef {{ title: string, measured: Measured[], goals: Goal[] }} Report */

/**
 * One thing that was measured, with a row for each contestant.
 * @param {string} name
 * @param {string} unit
 * @param {Record<string, readonly number[]>} samples
 * @returns {Measured}
 */
export function measured(name, unit, samples) {
  const rows = Object.entries(samples).map(([row, values]) => ({ name: row, value: summary(values) }))
  return { name, unit, rows }
}

/**
 * A goal that compares with a peer.
 * @param {string} text
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 * @param {number} goal
 * @returns {Goal}
 */
export function ratioGoal(text, ours, theirs, goal) {
  return { text, value: ratio(ours, theirs), goal }
}

/** @param {Goal} goal */
export function isReached({ value, goal }) {
  return value.median <= goal
}

/** @param {Report} report */
export function print({ title, measured: things, goals }) {
  console.log(`\n${title}`)
  const rows = things.flatMap(({ name, unit, rows: values }) =>
    values.map((row, index) => [index === 0 ? name : '', row.name, ...shown(row.value), unit]),
  )
  printTable(['', '', 'median', 'quartiles', ''], rows)
  if (goals.length === 0) return
  const verdicts = goals.map((goal) => [
    goal.text,
    ...shown(goal.value),
    `at most ${String(goal.goal)}`,
    goal.unit ?? '',
    isReached(goal) ? 'reached' : 'MISSED',
  ])
  printTable(['', 'median', 'quartiles', 'goal', '', ''], verdicts)
}

/** @param {Summary} value */
function shown({ median, low, high }) {
  return [digits(median), `${digits(low)} - ${digits(high)}`]
}

/** Three digits that mean something. @param {number} value */
function digits(value) {
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.1)))))
}

/** @param {string[]} head @param {string[][]} rows */
function printTable(head, rows) {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
  }
}
