import type { Clock } from '../clock.js'
import type { Logger, WebhookDelivery, WebhookOutcome, WebhookQueue } from '../contracts.js'
import { Emitter } from '../emitter.js'
import { Line, type LineLimits, type LineParts } from './line.js'
import type { WebhookSender } from './sender.js'

/** Enough for minutes of an endpoint that is down; small enough for a few of them to be down at once. */
export const defaultLineLimits: LineLimits = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024 }

/**
 * The webhook queue of a single process, in memory: one line per app and URL, all of them side by side. What waits when
 * the process dies is lost. `limits` bound each line; beyond them the newest delivery is refused and counted as dropped.
 * `random` (0 to 1) is the jitter. The queue owns `sender` and closes it.
 * Source: protocol.md#webhooks-apart.
 */
export class MemoryWebhookQueue implements WebhookQueue {
  readonly #lines = new Map<string, Line>()
  readonly #running = new Set<Promise<void>>()
  readonly #outcomes: Emitter<readonly [WebhookDelivery, WebhookOutcome]>
  readonly #parts: LineParts
  #closed: Promise<void> | null = null

  constructor(
    sender: WebhookSender,
    clock: Clock,
    log: Logger,
    limits: LineLimits = defaultLineLimits,
    random: () => number = Math.random,
  ) {
    this.#outcomes = new Emitter((error) => {
      log.error({ err: error }, 'an observer of webhook outcomes failed')
    })
    const tell = (delivery: WebhookDelivery, outcome: WebhookOutcome): void => {
      this.#outcomes.emit([delivery, outcome])
    }
    this.#parts = { sender, clock, log, limits, random, tell }
  }

  get size(): number {
    let size = 0
    for (const line of this.#lines.values()) size += line.length
    return size
  }

  /** Any number of listeners. Besides attempts they are told of deliveries that are dropped without one. */
  onOutcome(listener: (delivery: WebhookDelivery, outcome: WebhookOutcome) => void): void {
    this.#outcomes.observe(([delivery, outcome]) => listener(delivery, outcome))
  }

  push(delivery: WebhookDelivery): void {
    if (this.#closed !== null) {
      this.#parts.tell(delivery, 'dropped')
      return
    }
    // By URL and not by object: an endpoint whose other settings change keeps its place.
    const key = `${delivery.appId}\n${delivery.endpoint.url}`
    const line = this.#lines.get(key)
    if (line !== undefined) {
      if (!line.add(delivery)) this.#parts.tell(delivery, 'dropped')
      return
    }
    const created = new Line(this.#parts)
    created.add(delivery)
    this.#lines.set(key, created)
    const run = created.run(() => this.#lines.delete(key))
    this.#running.add(run)
    void run.then(() => this.#running.delete(run))
  }

  /** What is pushed from now on is dropped. Pauses end: each delivery is tried once more, lines side by side. */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#drain(timeoutMs)
    return this.#closed
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { clock, log, sender } = this.#parts
    let deliveries = 0
    let events = 0
    this.onOutcome((delivery, outcome) => {
      if (outcome !== 'dropped') return
      deliveries += 1
      events += delivery.events
    })
    for (const line of this.#lines.values()) line.hurry()
    await new Promise<void>((resolve) => {
      const timer = clock.after(timeoutMs, resolve)
      void Promise.all(this.#running).then(() => {
        timer.cancel()
        resolve()
      })
    })
    for (const line of this.#lines.values()) line.stop()
    this.#lines.clear()
    sender.close()
    if (deliveries > 0) log.warn({ deliveries, events }, 'webhooks dropped at shutdown')
  }
}
