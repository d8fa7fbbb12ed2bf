import { fstatSync } from 'node:fs'

const POLL_MS = 250

/**
 * Calls `onGone` once when the process that started this one is gone: when a pipe on stdin ends, which works on every
 * system, or when the parent's id changes, which works without a pipe. Keeps the process from nothing.
 */
export function watchParent(onGone: () => void): void {
  const parent = process.ppid
  let isTold = false
  const tell = (): void => {
    if (isTold) return
    isTold = true
    clearInterval(poll)
    onGone()
  }
  const poll = setInterval(() => {
    if (process.ppid !== parent) tell()
  }, POLL_MS)
  poll.unref()

  if (!isPipe()) return
  const { stdin } = process
  stdin.on('end', tell).on('close', tell).on('error', tell).resume()
  // A pipe is a socket here; it alone shall not keep the process alive.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
}

function isPipe(): boolean {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}
