import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'

/** What a test may need beyond npm; found by `scripts/setup.js`, which `npm test` runs first. */
export type Requirement = 'php' | 'phpSdk' | 'chromium' | 'redis'

export interface Finding {
  readonly available: boolean
  /** Why it is not available. */
  readonly reason?: string
  /** The command or file to run (php, chromium, redis). */
  readonly path?: string
  readonly version?: string
  /** Where Composer put the packages (phpSdk); `autoload.php` is in it. */
  readonly vendorDir?: string
}

type Environment = Readonly<Record<Requirement, Finding>> & {
  readonly nodes: Readonly<Record<string, string>>
}

function read<Value>(file: string, fallback: Value): Value {
  try {
    return JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')) as Value
  } catch {
    // Not there yet: vitest was started by hand before the first `npm test`.
    return fallback
  }
}

const unknown: Finding = { available: false, reason: 'not looked for yet: run `node scripts/setup.js`' }

/** The findings of the set-up step. */
export const environment = read<Environment>('.cache/test-environment.json', {
  php: unknown,
  phpSdk: unknown,
  chromium: unknown,
  redis: unknown,
  nodes: {},
})

const reviewedSkips = read<readonly { requirement: string; reason: string }[]>(
  'testing/test/allowed-skips.json',
  [],
)

/**
 * A `describe` that needs something beyond npm. Without it the tests are skipped, and their name says why. With CI=true
 * they fail instead, unless `allowed-skips.json` names the requirement.
 *
 *     describeIf('phpSdk', 'pusher-php-server', () => { … environment.phpSdk.vendorDir … })
 */
export function describeIf(
  needed: Requirement | readonly Requirement[],
  name: string,
  body: () => void,
): void {
  const requirements = typeof needed === 'string' ? [needed] : needed
  const missing = requirements.find((requirement) => !environment[requirement].available)
  if (missing === undefined) {
    describe(name, body)
    return
  }
  const reason = environment[missing].reason ?? 'missing'
  const fullName = `${name} [needs ${missing}: ${reason}]`
  const isReviewed = reviewedSkips.some(({ requirement }) => requirement === missing)
  if (process.env.CI === 'true' && !isReviewed) {
    describe(fullName, () => {
      test('finds what it needs', () => {
        throw new Error(`${missing} is missing: ${reason}`)
      })
    })
    return
  }
  process.stderr.write(`SKIPPED ${fullName}\n`)
  describe.skip(fullName, body)
}
