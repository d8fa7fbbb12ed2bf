import type { App, WebhookEndpoint } from '../apps/app.js'
import type { Clock, Timer } from '../clock.js'
import type { WebhookDelivery } from '../contracts.js'
import { sign } from '../protocol/signature.js'
import { webhookBody, type WebhookEvent } from '../protocol/webhook-message.js'

/** Events of one app on their way to one endpoint, until they are enough or have waited enough. */
export class Batch {
  #events: WebhookEvent[] = []
  #timer: Timer | null = null

  constructor(
    private readonly endpoint: WebhookEndpoint,
    private readonly clock: Clock,
    private readonly full: (events: readonly WebhookEvent[]) => void,
  ) {}

  /** Source: protocol.md#webhooks-batches. */
  add(event: WebhookEvent): void {
    const { maxBatchEvents, maxBatchWaitMs } = this.endpoint
    this.#events.push(event)
    if (this.#events.length >= maxBatchEvents || maxBatchWaitMs <= 0) this.flush()
    else this.#timer ??= this.clock.after(maxBatchWaitMs, () => this.flush())
  }

  /** Hands on what there is, at once. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    const events = this.#events
    if (events.length === 0) return
    this.#events = []
    this.full(events)
  }
}

/** Whether the endpoint asked for this event. Source: protocol.md#webhooks-endpoints. */
export function isWanted({ events, channelPrefix }: WebhookEndpoint, event: WebhookEvent): boolean {
  return events.includes(event.name) && event.channel.startsWith(channelPrefix)
}

/** Headers an endpoint's own may not replace: those of the protocol, and those that frame the request. */
const RESERVED =
  /^(?:content-type|content-length|x-pusher-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect)$/i

/**
 * One request, complete and signed. JSON.stringify writes half a surrogate pair as an escape, so the body is valid UTF-8
 * whatever a client sent, and its bytes are the signed ones. Source: protocol.md#webhooks-body, protocol.md#webhooks-signature.
 */
export function createDelivery(
  app: App,
  endpoint: WebhookEndpoint,
  events: readonly WebhookEvent[],
  timeMs: number,
): WebhookDelivery {
  const body = webhookBody(Math.floor(timeMs), events)
  const own = Object.entries(endpoint.headers).filter(([name]) => !RESERVED.test(name))
  const headers = {
    ...Object.fromEntries(own),
    'Content-Type': 'application/json',
    'X-Pusher-Key': app.key,
    'X-Pusher-Signature': sign(app.secret, body),
  }
  return { appId: app.id, endpoint, headers, body, events: events.length }
}
