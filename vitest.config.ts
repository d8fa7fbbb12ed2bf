import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Vite would otherwise keep syntax that Node 20 cannot parse, such as `await using`.
  oxc: { target: 'es2023' },
  test: {
    pool: 'forks',
    maxWorkers: Math.min(4, availableParallelism()),
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    // `testing/` uses the package as users do: Node loads the build by the package's own name, Vite leaves it alone.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      { extends: true, test: { name: 'package', include: ['testing/**/*.test.ts'] } },
    ],
  },
})
