import type { Clock } from '../clock.js'

/** Something that wants to be looked at now and then. */
export interface Watched {
  /** Called when the delay has passed; answers the next delay in milliseconds, or `null` to be forgotten. */
  check(nowMs: number): number | null
  /** Where the wheel keeps it; the wheel's own. */
  wheelSlot: Set<Watched> | null
}

const SLOTS = 256

/**
 * A timer wheel: one timer for all connections. Being active costs a connection one assignment (`lastSeen = wheel.now`);
 * it is looked at only when its delay has passed, and then put back for the rest. Delays are rounded up to a tick.
 */
export class IdleWheel {
  /** The time of the last tick; cheap to read, at most one tick old. */
  now: number
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #slots: Set<Watched>[] = Array.from({ length: SLOTS }, () => new Set())
  #position = 0
  #size = 0
  #isTicking = false

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.now = clock.elapsed()
  }

  add(watched: Watched, delayMs: number): void {
    if (!this.#isTicking) {
      this.now = this.#clock.elapsed()
      this.#isTicking = true
      this.#schedule()
    }
    this.#place(watched, delayMs)
  }

  remove(watched: Watched): void {
    if (watched.wheelSlot?.delete(watched) === true) this.#size -= 1
    watched.wheelSlot = null
  }

  #place(watched: Watched, delayMs: number): void {
    // Longer delays than the wheel's circumference are met early and put back.
    const ticks = Math.min(SLOTS - 1, Math.max(1, Math.ceil(delayMs / this.#tickMs)))
    const slot = this.#slot(this.#position + ticks)
    slot.add(watched)
    watched.wheelSlot = slot
    this.#size += 1
  }

  #slot(position: number): Set<Watched> {
    const slot = this.#slots[position % SLOTS]
    if (slot === undefined) throw new RangeError('a wheel position is never negative')
    return slot
  }

  #schedule(): void {
    this.#clock.after(this.#tickMs, () => {
      this.#tick()
    })
  }

  #tick(): void {
    this.now = this.#clock.elapsed()
    this.#position = (this.#position + 1) % SLOTS
    const due = this.#slot(this.#position)
    if (due.size > 0) {
      const watched = [...due]
      due.clear()
      for (const each of watched) {
        if (each.wheelSlot !== due) continue // removed while the others were looked at
        each.wheelSlot = null
        this.#size -= 1
        const delayMs = each.check(this.now)
        if (delayMs !== null) this.#place(each, delayMs)
      }
    }
    if (this.#size > 0) this.#schedule()
    else this.#isTicking = false
  }
}
