import { Counter, Gauge, type Registry } from 'prom-client'
import { instruments, metricPrefix, type MetricName, type Recorder } from './instruments.js'

/** Makes every metric of the table in `registry` and takes their values. */
export function createRecorder(registry: Registry): Recorder {
  const counters = new Map<MetricName, Counter>()
  const gauges = new Map<MetricName, Gauge>()
  for (const name of Object.keys(instruments) as MetricName[]) {
    const { type, help, labels } = instruments[name]
    const configuration = { name: metricPrefix + name, help, labelNames: [...labels], registers: [registry] }
    if (type === 'counter') counters.set(name, new Counter(configuration))
    else gauges.set(name, new Gauge(configuration))
  }
  return {
    add(name, labels, amount = 1) {
      counters.get(name)?.inc(labels, amount)
    },
    set(name, labels, value) {
      gauges.get(name)?.set(labels, value)
      const counter = counters.get(name)
      if (counter === undefined) return
      counter.remove(labels) // prom-client has no other way to give a counter its value
      counter.inc(labels, value)
    },
  }
}
