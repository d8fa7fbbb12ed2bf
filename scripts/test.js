// `npm test`: set-up, build, all tests; with CI=true or --all-nodes the wire tests again on the other supported Nodes.
//
//   npm test                      everything
//   npm test -- src/protocol      only these files (arguments go to vitest), this Node only
//   npm test -- --all-nodes       also the wire tests on the other Nodes
//   npm test -- --this-node       never on the other Nodes, not even with CI=true
//
// The last line is `N passed, N failed` (then `, N skipped`), over all runs. With CI=true a skipped test counts as failed
// unless testing/test/allowed-skips.json names what it needs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { otherNodes, setUp } from './setup.js'

const root = path.dirname(import.meta.dirname)
const results = path.join(root, '.cache', 'test-results')
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
const wireTests = 'testing/test/wire'

const isCI = process.env['CI'] === 'true'
const flags = process.argv.slice(2)
const args = flags.filter((arg) => arg !== '--all-nodes' && arg !== '--this-node')
const runsAll = args.length === 0
const allNodes = flags.includes('--all-nodes') || (isCI && runsAll && !flags.includes('--this-node'))

const total = { passed: 0, failed: 0, skipped: 0 }

/** Something that is not a test went wrong; it counts as one failure. @param {string} text */
function fail(text) {
  total.failed += 1
  console.log(`FAILED: ${text}`)
}

/** Skips are allowed in CI only where the reviewed list names the requirement. @param {string} name */
function isReviewedSkip(name) {
  /** @type {{ requirement: string, reason: string }[]} */
  const reviewed = JSON.parse(readFileSync(path.join(root, 'testing', 'test', 'allowed-skips.json'), 'utf8'))
  return reviewed.some(({ requirement }) => name.includes(`[needs ${requirement}:`))
}

/**
 * @param {string} label
 * @param {string} node
 * @param {string[]} vitestArgs
 */
function runVitest(label, node, vitestArgs) {
  const report = path.join(results, `${label}.json`)
  rmSync(report, { force: true })
  console.log(`\n== ${label}`)
  const { status, signal } = spawnSync(
    node,
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...vitestArgs],
    {
      cwd: root,
      stdio: 'inherit',
      timeout: 20 * 60_000,
      env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}` },
    },
  )
  if (!existsSync(report))
    return fail(`${label}: vitest wrote no report (${signal ?? `exit code ${status}`})`)

  /** @type {{ testResults: { name: string, status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const failedBefore = total.failed
  let ran = 0
  for (const file of testResults) {
    // A file that fails before its first test, such as one that cannot be imported.
    const tests = file.assertionResults
    if (file.status === 'failed' && !tests.some((test) => test.status === 'failed')) {
      fail(`${label}: ${path.relative(root, file.name)}`)
    }
    for (const test of tests) {
      if (test.status === 'passed') total.passed += 1
      else if (test.status === 'failed') total.failed += 1
      else if (isCI && runsAll && !isReviewedSkip(test.fullName))
        fail(`skipped without review: ${test.fullName}`)
      else total.skipped += 1
      if (test.status === 'passed' || test.status === 'failed') ran += 1
    }
  }
  if (ran === 0) fail(`${label}: no test ran`)
  if (status !== 0 && total.failed === failedBefore)
    fail(`${label}: vitest ended with ${signal ?? `code ${status}`}`)
}

function main() {
  mkdirSync(results, { recursive: true })
  const environment = setUp({ nodes: allNodes })

  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  if (build.status !== 0) return fail('the build')

  runVitest(`node-${process.versions.node.split('.')[0]}`, process.execPath, args)
  if (!allNodes) return
  for (const major of otherNodes) {
    const node = environment.nodes[major]
    if (node === undefined) fail(`Node ${major} could not be had`)
    else runVitest(`node-${major}`, node, [wireTests])
  }
}

main()
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
