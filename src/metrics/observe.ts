import type { WebhookQueue } from '../contracts.js'
import { ServerError } from '../errors.js'
import type { AppHub } from '../hub/app-hub.js'
import type { HubEvent } from '../hub/events.js'
import type { Recorder } from './instruments.js'

/** What metrics need of the hub. */
export interface ObservedHub {
  readonly apps: Iterable<AppHub>
  observe(observer: (event: HubEvent) => void): () => void
}

/** What metrics need of the webhook queue. */
export type ObservedQueue = Pick<WebhookQueue, 'onOutcome' | 'size'>

/** Counts what happened once. Deliveries are not among it: the hub counts those itself, see {@link recordApps}. */
export function countEvent(recorder: Recorder, event: HubEvent): void {
  const app = { app_id: event.appId }
  switch (event.type) {
    case 'connection_opened':
      recorder.add('connections_opened_total', app)
      return
    case 'connection_closed':
      recorder.add('connections_closed_total', app)
      return
    case 'connection_ended':
      recorder.add('connections_ended_total', { ...app, code: String(event.code) })
      return
    case 'published':
      recorder.add('events_published_total', app)
      return
    case 'client_event':
      recorder.add('client_events_total', app)
      return
    case 'publish_failed':
      recorder.add('publish_failures_total', { ...app, reason: reasonOf(event.error) })
      return
    case 'connection_stalled':
      recorder.add('slow_consumers_total', app)
      return
    case 'auth_failed':
    case 'request_unauthorized':
      recorder.add('auth_failures_total', { ...app, reason: event.reason })
      return
    case 'refused':
      recorder.add('errors_sent_total', { ...app, code: String(event.code ?? 'none') })
      return
    default:
  }
}

/** Counts how webhook requests end. `isOpen` ends it, since a queue keeps its listeners. */
export function countOutcomes(recorder: Recorder, queue: ObservedQueue, isOpen: () => boolean): void {
  queue.onOutcome(({ appId, events }, outcome) => {
    if (!isOpen()) return
    recorder.add('webhook_deliveries_total', { app_id: appId, outcome })
    if (outcome === 'given_up' || outcome === 'dropped') {
      recorder.add('webhook_dropped_total', { app_id: appId }, events)
    }
  })
}

/** Reads what the hub keeps anyway, at the time of a scrape. */
export function recordApps(recorder: Recorder, apps: Iterable<AppHub>): void {
  for (const { app, connections, topicCount, traffic } of apps) {
    const labels = { app_id: app.id }
    let subscriptions = 0
    for (const { channels } of connections.values()) subscriptions += channels.size
    recorder.set('connections_active', labels, connections.size)
    recorder.set('subscriptions_active', labels, subscriptions)
    recorder.set('topics_active', labels, topicCount)
    recorder.set('messages_received_total', labels, traffic.messagesReceived)
    recorder.set('received_bytes_total', labels, traffic.bytesReceived)
    recorder.set('messages_delivered_total', labels, traffic.messagesDelivered)
    recorder.set('delivered_bytes_total', labels, traffic.bytesDelivered)
    recorder.set('broadcasts_total', labels, traffic.broadcasts)
  }
}

/** A label needs a bounded set of values: codes of ours, and one word for the rest. */
function reasonOf(error: unknown): string {
  return error instanceof ServerError ? error.code : 'other'
}
