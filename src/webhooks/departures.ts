import type { Clock, Timer } from '../clock.js'
import type { WebhookEvent } from '../protocol/webhook-message.js'

/** Of a channel's subscribers or of a member; `cache_miss`, which shares the type, is never given here. */
type ComingOrGoing = Exclude<WebhookEvent, { name: 'client_event' } | { name: 'subscription_count' }>

/** Bounds memory when channels come and go faster than the delay: beyond it the oldest departures leave early. */
export const MAX_WAITING = 100_000

/**
 * `channel_vacated` and `member_removed` of one app while they wait for a return. They leave in the order in which they
 * happened, even when the delay shrinks meanwhile, so a channel's last member is removed before the channel is vacated.
 * Source: protocol.md#webhooks-channel-vacated, protocol.md#webhooks-member-removed, protocol.md#webhooks-order.
 */
export class Departures {
  /** In the order of their departure: a Map keeps the order of insertion, and every wait of an app is equally long. */
  readonly #waiting = new Map<string, { readonly event: ComingOrGoing; readonly dueAtMs: number }>()
  #timer: Timer | null = null

  constructor(
    private readonly clock: Clock,
    private readonly tell: (event: ComingOrGoing) => void,
  ) {}

  /** Tells `event` after `delayMs` (0: within this call) unless its contrary comes first. */
  add(event: ComingOrGoing, delayMs: number): void {
    const key = keyOf(event)
    this.#waiting.delete(key) // a row that is already there would keep its old place
    this.#waiting.set(key, { event, dueAtMs: this.clock.elapsed() + delayMs })
    this.#release()
  }

  /** Whether `event` undoes a departure that was still waiting; then neither of them is to be told. */
  cancel(event: ComingOrGoing): boolean {
    return this.#waiting.delete(keyOf(event))
  }

  /** Tells all that wait, in order. */
  flush(): void {
    this.#release(Infinity)
  }

  #release(untilMs = this.clock.elapsed()): void {
    for (const [key, { event, dueAtMs }] of this.#waiting) {
      if (dueAtMs > untilMs && this.#waiting.size <= MAX_WAITING) break
      this.#waiting.delete(key)
      this.tell(event)
    }
    this.#arm()
  }

  /** One timer for all: it fires for the first in line, or early if that one was cancelled. */
  #arm(): void {
    const first = this.#waiting.values().next().value
    if (first === undefined) {
      this.#timer?.cancel()
      this.#timer = null
      return
    }
    this.#timer ??= this.clock.after(Math.max(1, first.dueAtMs - this.clock.elapsed()), () => {
      this.#timer = null
      this.#release()
    })
  }
}

/** The same for an arrival and its departure. No channel name holds a line feed. */
function keyOf(event: ComingOrGoing): string {
  return 'user_id' in event ? `${event.channel}\n${event.user_id}` : event.channel
}
