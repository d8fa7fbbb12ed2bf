import { randomInt } from 'node:crypto'

const HALF_RANGE = 2 ** 47

/**
 * A new socket id: two random integers, so that it can neither be guessed nor met twice (94 bits).
 * Source: protocol.md#connection-socket-id.
 */
export function createSocketId(): string {
  return `${String(randomInt(1, HALF_RANGE))}.${String(randomInt(1, HALF_RANGE))}`
}

/** Whether `value` has the form every server library accepts: digits, a dot, digits. */
export function isSocketId(value: string): boolean {
  return value.length <= 40 && /^\d+\.\d+$/.test(value)
}
