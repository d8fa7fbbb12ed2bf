import { describe, expect, it } from 'vitest'
import { instruments, metricPrefix, type Instrument } from './instruments.js'

const table: readonly (readonly [string, Instrument])[] = Object.entries(instruments)

describe('the table of metrics', () => {
  it.each(table)('follows the conventions of Prometheus: %s', (name, { type, help }) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(help).toMatch(/^[^\n|]+\.$/)
  })

  it('labels nothing by what clients can make up', () => {
    const labels = new Set(table.flatMap(([, instrument]) => instrument.labels))
    expect([...labels].sort()).toEqual(['app_id', 'code', 'mode', 'outcome', 'quantile', 'reason'])
  })

  // After a change of the table: npx vitest run src/metrics/instruments.test.ts --update
  it('is the reference page', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/reference/metrics.md')
  })
})

function page(): string {
  const rows = table.map(
    ([name, { type, labels, help }]) =>
      `| \`${metricPrefix}${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return `# Metrics

<!-- Made from src/metrics/instruments.ts: npx vitest run src/metrics/instruments.test.ts --update -->

With the option \`metrics\` (\`{ "host": "127.0.0.1", "port": 9601 }\`; off by default) a listener of its own serves
\`GET /metrics\` in the text format of Prometheus. It has no access control: give it an address that only the scraper reaches.

Counters begin at 0 when the process starts, and a series appears with its first event. Everything is about this node alone;
sum over the nodes for the cluster. \`app_id\` is the id of an app; no label is taken from what a client sends.

| name | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`
}
