import { Registry } from 'prom-client'
import { createRecorder } from './recorder.js'
import { countEvent, countOutcomes, recordApps, type ObservedHub, type ObservedQueue } from './observe.js'
import { measureProcess } from './process.js'

export { listenMetrics } from './listener.js'

/** The figures of one server. */
export interface Metrics {
  /** Of the scraped text. */
  readonly contentType: string
  /** All metrics in the text format of Prometheus. What is not counted event by event is read now. */
  scrape(): Promise<string>
  /** Ends all observation; nothing is left running. */
  close(): void
}

/**
 * Observes a hub and a webhook queue from now on, in a registry of its own: several servers of one process do not mix.
 * This module brings in prom-client; load it with `import()` where metrics are on.
 */
export function createMetrics({
  hub,
  webhookQueue,
}: {
  readonly hub: ObservedHub
  readonly webhookQueue: ObservedQueue
}): Metrics {
  const registry = new Registry()
  const recorder = createRecorder(registry)
  const process = measureProcess()
  let isOpen = true
  const stopObserving = hub.observe((event) => countEvent(recorder, event))
  countOutcomes(recorder, webhookQueue, () => isOpen)
  return {
    contentType: registry.contentType,
    scrape() {
      recordApps(recorder, hub.apps)
      recorder.set('webhook_queue_size', {}, webhookQueue.size)
      process.record(recorder)
      return registry.metrics()
    },
    close() {
      isOpen = false
      stopObserving()
      process.stop()
      registry.clear()
    },
  }
}
