import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { placedOptions } from './option.js'
import { serverOptions } from './options.js'
import { resolveOptions } from './load.js'
import { jsonSchema } from './schema.js'

const placed = [...placedOptions(serverOptions)]

describe('the table of options', () => {
  it('derives the variables of server options from their names', () => {
    const names = Object.fromEntries(placed.map(({ path, env }) => [path, env]))
    expect(names).toMatchObject({
      port: 'POGO_WS_PORT',
      maxConnections: 'POGO_WS_MAX_CONNECTIONS',
      'tls.cert': 'POGO_WS_TLS_CERT',
      'metrics.port': 'POGO_WS_METRICS_PORT',
      playground: 'POGO_WS_PLAYGROUND',
      'playground.token': 'POGO_WS_PLAYGROUND_TOKEN',
      'apps[].id': 'WS_APP_ID',
      'apps[].key': 'WS_APP_KEY',
      'apps[].secret': 'WS_APP_SECRET',
    })
    for (const name of ['tls', 'metrics', 'apps', 'apps[].enabled', 'apps[].limits.connections']) {
      expect(names[name]).toBeUndefined()
    }
  })

  it('has the flags that are promised and no others', () => {
    const flags = placed.flatMap(({ option }) => option.flag ?? [])
    expect(flags.sort()).toEqual(
      'app-id app-key app-secret dev host metrics-port path playground playground-token port tls-cert tls-key'.split(
        ' ',
      ),
    )
  })

  it('describes every option in one sentence', () => {
    for (const { option } of placed) expect(option.description).toMatch(/^[A-Z"].*[^.]\.$/)
  })

  it.each(placed.map(({ path, option }) => [path, option] as const))(
    'says of %s what the type for programs says',
    (path, { description, default: value, defaultsTo }) => {
      const source = readFileSync(new URL('server-options.ts', import.meta.url), 'utf8')
      const comment = /\/\*\* (.*) \*\/\n/
      const name = path.split(/[.\]]/).at(-1) ?? ''
      const found = source
        .split(/(?=\/\*\*)/)
        .filter((part) => new RegExp(`\\*/\\s+readonly ${name}\\??:`).test(part))
        .map((part) => comment.exec(part)?.[1])
      const isLong = Array.isArray(value) && value.length > 0
      const stated = isLong ? 'all' : value === undefined ? undefined : `\`${JSON.stringify(value)}\``
      const derived = defaultsTo === undefined ? undefined : `the value of \`${defaultsTo}\``
      const end = stated ?? derived
      expect(found).toContain(end === undefined ? description : `${description} Default: ${end}.`)
    },
  )

  it('gives defaults that it accepts itself', () => {
    const properties = Object.entries(serverOptions).filter(([, { default: value }]) => value !== undefined)
    const defaults = Object.fromEntries(properties.map(([name, option]) => [name, option.default]))
    const apps = [{ id: 'a', secret: 's', webhooks: [{ url: 'http://x', events: [] }] }]
    const given = resolveOptions({ ...defaults, apps })
    expect(given).toEqual(resolveOptions({ apps }))
  })
})

describe('the JSON Schema', () => {
  it('knows every option, its range and its default', () => {
    const text = JSON.stringify(jsonSchema())
    for (const { option } of placed) expect(text).toContain(JSON.stringify(option.description))
    expect(jsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      properties: {
        port: { type: 'integer', minimum: 0, maximum: 65_535, default: 8080 },
        metrics: { anyOf: [{ type: 'null' }, { properties: { port: { default: 9601 } } }] },
        apps: { items: { required: ['id', 'secret'] } },
      },
    })
  })

  it('has patterns that compile', () => {
    const collect = (value: unknown): string[] => {
      if (typeof value !== 'object' || value === null) return []
      return Object.entries(value).flatMap(([name, member]) =>
        name === 'pattern' && typeof member === 'string' ? [member] : collect(member),
      )
    }
    const patterns = collect(jsonSchema())
    expect(patterns.length).toBeGreaterThan(10)
    for (const pattern of patterns) expect(new RegExp(pattern, 'u')).toBeInstanceOf(RegExp)
  })
})
