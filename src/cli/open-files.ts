import { readFileSync } from 'node:fs'
import type { Logger } from '../log.js'

/** Files, listeners, outgoing webhooks and log: what a node opens beside its connections. */
const RESERVE = 100

/** The soft limit in the text of `/proc/self/limits`; `null` when there is none. */
export function openFileLimit(limits: string): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? null : Number(soft)
}

/** Warns when `maxConnections` cannot be reached, before the day it would be. Linux only; elsewhere it says nothing. */
export function checkOpenFileLimit(maxConnections: number, log: Logger): void {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return
  }
  const limit = openFileLimit(limits)
  const needed = maxConnections + RESERVE
  if (limit === null || limit >= needed) return
  log.warn(
    { limit, needed, maxConnections },
    'too few open files allowed for maxConnections: run `ulimit -n` with the needed number (systemd: LimitNOFILE), or lower maxConnections',
  )
}
