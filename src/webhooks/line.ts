import type { Clock } from '../clock.js'
import type { Logger, WebhookDelivery, WebhookOutcome } from '../contracts.js'
import { originOf, type Attempt, type WebhookSender } from './sender.js'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000

/**
 * The pause after `failures` failed attempts: 250 ms, doubled each time, at most 30 s, of which `random` (0 to 1) takes
 * away up to a quarter. A quarter spreads the load of many senders and still makes every pause longer than the one before, up to the cap.
 */
export function pauseMs(failures: number, random: number): number {
  const fullMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
  return fullMs * (1 - random / 4)
}

/** How much may wait for one endpoint. */
export interface LineLimits {
  readonly maxEvents: number
  /** UTF-8 bytes of all bodies. */
  readonly maxBytes: number
}

/** What a line works with, the same for all lines of a queue. */
export interface LineParts {
  readonly sender: WebhookSender
  readonly clock: Clock
  readonly log: Logger
  readonly limits: LineLimits
  readonly random: () => number
  tell(delivery: WebhookDelivery, outcome: WebhookOutcome): void
}

interface Waiting {
  readonly delivery: WebhookDelivery
  readonly bytes: number
  /** An attempt that fails after this moment was the last. */
  readonly retryUntilMs: number
  attempts: number
}

/**
 * The deliveries of one endpoint, one at a time and in order: the next begins when the one before is finished.
 *
 * The time for retries runs from the moment a delivery comes in, so that what piles up behind an endpoint that is down
 * ages together and does not wait for the full time of each one before it; every delivery gets at least one attempt.
 */
export class Line {
  readonly #waiting: Waiting[] = []
  #events = 0
  #bytes = 0
  #wake: (() => void) | null = null
  #isFull = false
  #isClosing = false
  #isStopped = false
  readonly #parts: LineParts

  constructor(parts: LineParts) {
    this.#parts = parts
  }

  /** Deliveries that are not finished. */
  get length(): number {
    return this.#waiting.length
  }

  /** Takes a delivery; false when there is no room. What is there stays: the newest is refused, order is kept. */
  add(delivery: WebhookDelivery): boolean {
    const { clock, limits, log } = this.#parts
    const bytes = Buffer.byteLength(delivery.body)
    const isOver = this.#events + delivery.events > limits.maxEvents || this.#bytes + bytes > limits.maxBytes
    // One delivery may be larger than the bound; otherwise it could never be sent.
    if (isOver && this.#waiting.length > 0) {
      if (!this.#isFull) log.warn(this.#fields(delivery), 'webhook queue full, new events are dropped')
      this.#isFull = true
      return false
    }
    this.#isFull = false
    const retryUntilMs = clock.elapsed() + delivery.endpoint.retrySeconds * 1000
    this.#waiting.push({ delivery, bytes, retryUntilMs, attempts: 0 })
    this.#events += delivery.events
    this.#bytes += bytes
    return true
  }

  /** Works until nothing waits, then calls `emptied` within the same step. Never rejects. */
  async run(emptied: () => void): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      // Decided before the attempt: one that was under way when the end was announced is no last one.
      const isLast = this.#isClosing
      const attempt = await this.#attempt(next)
      if (this.#isStopped) return
      if (attempt.ok) this.#finish('delivered')
      else if (isLast) this.#finish('dropped')
      else await this.#retry(next, attempt.cause)
    }
    emptied()
  }

  /** From now on each delivery has one more attempt, and none waits for it. */
  hurry(): void {
    this.#isClosing = true
    this.#wake?.()
  }

  /** Drops what is left; an attempt under way no longer counts. */
  stop(): void {
    while (this.#waiting.length > 0) this.#finish('dropped')
    this.#isStopped = true
    this.#wake?.()
  }

  async #attempt(next: Waiting): Promise<Attempt> {
    next.attempts += 1
    try {
      return await this.#parts.sender.send(next.delivery)
    } catch (error) {
      return { ok: false, cause: error instanceof Error ? error.message : 'unknown' }
    }
  }

  /** Source: protocol.md#webhooks-retry. The last attempt is made in the moment the time is over. */
  async #retry({ delivery, attempts, retryUntilMs }: Waiting, cause: string): Promise<void> {
    const { clock, log, random } = this.#parts
    const leftMs = retryUntilMs - clock.elapsed()
    if (leftMs <= 0 && !this.#isClosing) {
      log.warn({ ...this.#fields(delivery), attempt: attempts, cause }, 'webhook given up')
      this.#finish('given_up')
      return
    }
    log.debug({ ...this.#fields(delivery), attempt: attempts, cause }, 'webhook attempt failed')
    this.#parts.tell(delivery, 'retried')
    if (!this.#isClosing) await this.#pause(Math.min(leftMs, pauseMs(attempts, random())))
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.after(delayMs, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
    this.#wake = null
  }

  #finish(outcome: WebhookOutcome): void {
    const finished = this.#waiting.shift()
    if (finished === undefined) return
    this.#events -= finished.delivery.events
    this.#bytes -= finished.bytes
    this.#parts.tell(finished.delivery, outcome)
  }

  #fields({ appId, endpoint, events }: WebhookDelivery): Record<string, unknown> {
    return { appId, url: originOf(endpoint.url), events }
  }
}
