import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url).pathname

// The real configuration, without types: the files of this test exist only as text.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => ruleId === 'pogo/import-directions',
})

async function refusals(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${root}${filePath}` })
  return (result?.messages ?? []).map(({ message }) => message)
}

/** File, imported module, and whether it may. */
const cases: readonly (readonly [file: string, specifier: string, allowed: boolean])[] = [
  ['src/protocol/x.ts', './errors.js', true],
  ['src/protocol/x.ts', '../apps/app.js', false],
  ['src/protocol/x.ts', '../clock.js', false],
  ['src/clock.ts', './protocol/errors.js', false],
  ['src/apps/x.ts', '../protocol/signature.js', true],
  ['src/apps/x.ts', '../hub/hub.js', false],
  ['src/contracts.ts', './apps/app.js', true],
  ['src/contracts.ts', './hub/hub.js', false],
  ['src/hub/x.ts', '../contracts.js', true],
  ...[
    'adapters/local',
    'auth/signature-authorizer',
    'api/router',
    'webhooks/queue',
    'metrics/observe',
    'transports/node',
    'server',
    'config/options',
    'cli/main',
  ].map((target) => ['src/hub/x.ts', `../${target}.js`, false] as const),
  ...['api', 'webhooks', 'metrics', 'inspector', 'page'].flatMap(
    (zone) =>
      [
        [`src/${zone}/x.ts`, '../hub/hub.js', true],
        [`src/${zone}/x.ts`, '../adapters/local.js', false],
        [`src/${zone}/x.ts`, '../transports/node.js', false],
      ] as const,
  ),
  ['src/transports/x.ts', '../api/router.js', true],
  ['src/transports/x.ts', '../config/options.js', false],
  ['src/adapters/x.ts', '../contracts.js', true],
  ['src/adapters/x.ts', '../hub/hub.js', false],
  ['src/auth/x.ts', '../hub/hub.js', false],
  ['src/config/x.ts', '../apps/app.js', true],
  ['src/config/x.ts', '../hub/hub.js', false],
  ['src/server.ts', './config/options.js', true],
  ['src/server.ts', './workers/primary.js', false],
  ['src/server.ts', './cli/main.js', false],
  ['src/workers/x.ts', '../server.js', true],
  ['src/workers/x.ts', '../cli/main.js', false],
  ['src/cli/x.ts', '../workers/primary.js', true],
  ['src/brand-new/x.ts', 'node:path', false],
  ['src/hub/x.ts', '../../testing/test-client.js', false],
  ['src/hub/x.ts', 'pogo-websocket', false],
  ['src/cli/x.ts', 'pogo-websocket/testing', true],
  ['testing/x.ts', 'pogo-websocket', true],
  ['testing/x.ts', '../src/index.js', false],
  ['testing/test/x.ts', '../support/x.js', true],
  ['playground/src/x.ts', '../../src/index.js', false],
  ['src/transports/x.ts', 'ws', true],
  ['src/hub/x.ts', 'ws', false],
  ['src/metrics/x.ts', 'prom-client', true],
  ['src/server.ts', 'prom-client', false],
  ['src/cli/x.ts', 'pino', true],
  ['src/server.ts', 'pino', false],
  ['src/workers/x.ts', 'node:cluster', true],
  ['src/cli/x.ts', 'node:cluster', false],
  ['src/auth/php-pool.ts', 'node:child_process', true],
  ['src/auth/x.ts', 'child_process', false],
  ['src/hub/x.test.ts', '../adapters/local.js', true],
  ['src/hub/x.test.ts', '../cli/main.js', false],
]

describe('import directions', () => {
  test.each(cases)('%s imports %s: %s', async (file, specifier, allowed) => {
    const found = await refusals(file, `import '${specifier}'\n`)
    expect(found).toHaveLength(allowed ? 0 : 1)
  })

  test.each([
    `import type { X } from '../server.js'`,
    `export { x } from '../server.js'`,
    `export * from '../server.js'`,
    `const x = await import('../server.js')`,
    `type X = import('../server.js').X`,
  ])('sees %s', async (code) => {
    await expect(refusals('src/hub/x.ts', `${code}\n`)).resolves.toHaveLength(1)
  })
})
