import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Recorder } from './instruments.js'

/** The smallest delay that is seen; each sample wakes the process once. */
const RESOLUTION_MS = 20

/** Measures the event loop from now on; each `record` tells of the time since the one before, and of the process. */
export interface ProcessGauges {
  record(recorder: Recorder): void
  stop(): void
}

/**
 * The figures of the process. Taken here and not from prom-client's `collectDefaultMetrics`, which cannot be stopped: each
 * call leaves a garbage collection observer and an event loop monitor behind for the life of the process.
 */
export function measureProcess(): ProcessGauges {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  /** The histogram holds the time between two samples; before the first one its values mean nothing. */
  const seconds = (ns: number): number =>
    delay.count === 0 ? 0 : Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3)
  return {
    record(recorder) {
      recorder.set('event_loop_delay_seconds', { quantile: '0.5' }, seconds(delay.percentile(50)))
      recorder.set('event_loop_delay_seconds', { quantile: '0.99' }, seconds(delay.percentile(99)))
      recorder.set('event_loop_delay_seconds', { quantile: '1' }, seconds(delay.max))
      delay.reset()
      const cpu = process.cpuUsage()
      recorder.set('process_cpu_seconds_total', { mode: 'user' }, cpu.user / 1e6)
      recorder.set('process_cpu_seconds_total', { mode: 'system' }, cpu.system / 1e6)
      const memory = process.memoryUsage()
      recorder.set('process_resident_memory_bytes', {}, memory.rss)
      recorder.set('process_heap_used_bytes', {}, memory.heapUsed)
      recorder.set('process_external_memory_bytes', {}, memory.external)
      recorder.set('process_start_time_seconds', {}, performance.timeOrigin / 1000)
    },
    stop() {
      delay.disable()
    },
  }
}
