import type { App, WebhookEndpoint } from '../apps/app.js'
import type { Clock } from '../clock.js'
import type { Logger, WebhookQueue } from '../contracts.js'
import type { HubEvent } from '../hub/events.js'
import { webhookEventNames, type WebhookEvent } from '../protocol/webhook-message.js'
import { Batch, createDelivery, isWanted } from './batch.js'
import { Departures } from './departures.js'
import { originOf } from './sender.js'

interface Collected {
  /** The description under which the batches were begun. */
  app: App
  readonly departures: Departures
  readonly batches: Map<WebhookEndpoint, Batch>
}

const names: ReadonlySet<string> = new Set(webhookEventNames)

/**
 * Turns what happens in the hub into signed requests: what undoes itself in time is not told, the rest is sorted by app
 * and endpoint, filtered, joined into batches, signed and given to the queue. Events of a channel keep their order, but
 * those that wait for a return (see {@link Departures}) come after what happened during their wait.
 *
 * `appOf` answers with the newest description of an app. Nothing here throws, and nothing is sent from here.
 */
export class WebhookCollector {
  readonly #apps = new Map<string, Collected>()

  constructor(
    private readonly queue: WebhookQueue,
    private readonly clock: Clock,
    private readonly appOf: (appId: string) => App | undefined,
    private readonly log: Logger,
  ) {}

  /** Takes every event of the hub; most are none of a webhook's business. */
  observe(hubEvent: HubEvent): void {
    if (!names.has(hubEvent.type)) return
    const app = this.appOf(hubEvent.appId)
    if (app === undefined || app.webhooks.length === 0) return
    const event = webhookEvent(hubEvent)
    // User channels belong to no application. Source: protocol.md#users-server-to-user.
    if (event === null || event.channel.startsWith('#')) return
    const collected = this.#collected(app)
    switch (event.name) {
      case 'channel_vacated':
      case 'member_removed':
        collected.departures.add(event, app.webhookDelayMs)
        return
      case 'channel_occupied':
      case 'member_added':
        if (!collected.departures.cancel(event)) this.#tell(app, event)
        return
      case 'client_event':
      case 'cache_miss':
      case 'subscription_count':
        this.#tell(app, event)
    }
  }

  /** Hands everything to the queue at once: what waits for a return, then what waits for company. For the shutdown. */
  flush(): void {
    for (const { departures, batches } of this.#apps.values()) {
      departures.flush()
      for (const batch of batches.values()) batch.flush()
    }
  }

  #tell(app: App, event: WebhookEvent): void {
    for (const endpoint of app.webhooks) {
      if (isWanted(endpoint, event)) this.#batch(app, endpoint).add(event)
    }
  }

  #collected(app: App): Collected {
    let collected = this.#apps.get(app.id)
    if (collected === undefined) {
      const departures = new Departures(this.clock, (event) => {
        const newest = this.appOf(app.id)
        if (newest !== undefined) this.#tell(newest, event)
      })
      collected = { app, departures, batches: new Map() }
      this.#apps.set(app.id, collected)
    } else if (collected.app !== app) {
      // What was collected for the old endpoints leaves first, or a full new batch could overtake it.
      for (const batch of collected.batches.values()) batch.flush()
      collected.batches.clear()
      collected.app = app
    }
    return collected
  }

  #batch(app: App, endpoint: WebhookEndpoint): Batch {
    const { batches } = this.#collected(app)
    let batch = batches.get(endpoint)
    if (batch === undefined) {
      batch = new Batch(endpoint, this.clock, (events) => this.#push(app, endpoint, events))
      batches.set(endpoint, batch)
    }
    return batch
  }

  #push(app: App, endpoint: WebhookEndpoint, events: readonly WebhookEvent[]): void {
    try {
      this.queue.push(createDelivery(this.appOf(app.id) ?? app, endpoint, events, this.clock.now()))
    } catch (error) {
      // In a timer nobody else would catch it.
      this.log.error(
        { appId: app.id, url: originOf(endpoint.url), err: error },
        'webhook events could not be queued',
      )
    }
  }
}

/** Source: protocol.md#webhooks-events. */
function webhookEvent(event: HubEvent): WebhookEvent | null {
  switch (event.type) {
    case 'channel_occupied':
    case 'channel_vacated':
    case 'cache_miss':
      return { name: event.type, channel: event.channel }
    case 'member_added':
    case 'member_removed':
      return { name: event.type, channel: event.channel, user_id: event.userId }
    case 'subscription_count':
      return { name: event.type, channel: event.channel, subscription_count: event.count }
    case 'client_event': {
      const { channel, name, data, socketId, userId } = event.event
      const sender = userId === undefined ? {} : { user_id: userId }
      return { name: 'client_event', channel, event: name, data, socket_id: socketId, ...sender }
    }
    default:
      return null
  }
}
