/** A timer that was started by a {@link Clock}; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * Time, as everything below the composition root sees it, so that tests can move it by hand.
 * Timers must not keep the process alive.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the machine's clock is set. */
  now(): number
  /** Milliseconds since some moment; never jumps. For what lasts. */
  elapsed(): number
  /** Calls `callback` once after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    const timeout = setTimeout(callback, delayMs)
    timeout.unref()
    return {
      cancel() {
        clearTimeout(timeout)
      },
    }
  },
}
