// What the tests need beyond npm: PHP, Composer packages, a browser, Redis, other versions of Node. Writes what it finds to
// .cache/test-environment.json (read by testing/test/support/environment.ts). With CI=true, as root on Debian, it installs
// what is missing; elsewhere it names each missing thing in one line, with the command that gets it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = path.dirname(import.meta.dirname)
const cache = path.join(root, '.cache')
const phpClient = path.join(root, 'testing', 'clients', 'pusher-php')
const phpCache = path.join(cache, 'pusher-php')
const extensions = ['curl', 'json', 'mbstring', 'sodium']
/** The versions of Node, besides the one that runs, that the wire tests must pass on. */
export const otherNodes = [22, 24, 26]

/**
 * @typedef {{ available: boolean, reason?: string, path?: string, version?: string, vendorDir?: string }} Finding
 * @typedef {Record<'php' | 'phpSdk' | 'chromium' | 'redis', Finding> & { nodes: Record<string, string> }} Environment
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    timeout: 300_000,
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim()
  return { ok: status === 0, stdout: (stdout ?? '').trim(), output }
}

/** @param {string} output */
const lastLines = (output) => output.split('\n').slice(-3).join(' | ')

/** The first of the commands that answers `--version`. @param {(string | undefined)[]} candidates @returns {Finding} */
function findCommand(candidates) {
  for (const command of candidates) {
    if (command === undefined || command === '') continue
    const { ok, stdout } = run(command, ['--version'], { timeout: 20_000 })
    if (ok) return { available: true, path: command, version: stdout.split('\n')[0] ?? '' }
  }
  return { available: false }
}

/** @returns {Finding} */
function findPhp() {
  const command = process.env['PHP_BINARY'] || 'php'
  const code = `echo json_encode([PHP_VERSION, PHP_VERSION_ID, get_loaded_extensions()]);`
  const { ok, stdout } = run(command, ['-r', code], { timeout: 20_000 })
  if (!ok) return { available: false, reason: 'PHP is not installed' }
  const [version, id, loaded] = JSON.parse(stdout)
  const missing = extensions.filter((extension) => !loaded.includes(extension))
  if (id < 80200) return { available: false, reason: `PHP is ${version}, 8.2 or newer is needed` }
  if (missing.length > 0)
    return { available: false, reason: `PHP lacks its extensions ${missing.join(', ')}` }
  return { available: true, path: command, version }
}

/** Installs the Composer packages of the PHP client outside the package, once per content of composer.json. @param {Finding} php @returns {Finding} */
function findPhpSdk(php) {
  const manifest = path.join(phpClient, 'composer.json')
  const vendorDir = path.join(phpCache, 'vendor')
  const installed = path.join(vendorDir, 'composer', 'installed.json')
  const stampFile = path.join(phpCache, 'composer.sha256')
  if (!php.available) return { available: false, reason: 'PHP is missing' }
  if (!existsSync(manifest))
    return { available: false, reason: `${path.relative(root, manifest)} is missing` }
  const stamp = createHash('sha256')
    .update(readFileSync(manifest))
    .update(php.version ?? '')
    .digest('hex')
  const fresh = existsSync(installed) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
  if (!fresh) {
    if (!findCommand(['composer']).available) return { available: false, reason: 'Composer is not installed' }
    mkdirSync(phpCache, { recursive: true })
    const { ok, output } = run(
      'composer',
      ['update', '--no-interaction', '--no-progress', '--prefer-dist', `--working-dir=${phpClient}`],
      { env: { ...process.env, COMPOSER_VENDOR_DIR: vendorDir, COMPOSER_ALLOW_SUPERUSER: '1' } },
    )
    if (!ok) return { available: false, reason: `composer update failed: ${lastLines(output)}` }
    writeFileSync(stampFile, stamp)
  }
  /** @type {{ packages: { name: string, version: string }[] }} */
  const { packages } = JSON.parse(readFileSync(installed, 'utf8'))
  const sdk = packages.find(({ name }) => name === 'pusher/pusher-php-server')
  return { available: true, vendorDir, version: sdk?.version ?? 'unknown' }
}

const findChromium = () =>
  findCommand([
    process.env['CHROMIUM_PATH'],
    '/usr/bin/chromium',
    'chromium',
    'chromium-browser',
    'google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ])
const findRedis = () => findCommand(['redis-server'])

/** Real binaries come as npm packages. @param {number} major */
function nodeBinary(major) {
  const file = path.join(cache, 'nodes', 'node_modules', `node-${major}`, 'bin', 'node')
  const { ok, stdout } = existsSync(file)
    ? run(file, ['--version'], { timeout: 20_000 })
    : { ok: false, stdout: '' }
  return ok && stdout.startsWith(`v${major}.`) ? file : undefined
}

/** @param {number[]} majors */
function installNodes(majors) {
  console.log(`set-up: installing Node ${majors.join(', ')} from npm`)
  const prefix = path.join(cache, 'nodes')
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const packages = otherNodes.map((major) => `node-${major}@npm:${name}@${major}`)
  mkdirSync(prefix, { recursive: true })
  // A package.json of its own: without one npm would go up to ours.
  writeFileSync(path.join(prefix, 'package.json'), '{ "private": true }\n')
  const { ok, output } = run('npm', [
    'install',
    '--prefix',
    prefix,
    '--no-save',
    '--no-audit',
    '--no-fund',
    ...packages,
  ])
  if (!ok) console.log(`set-up: npm could not install ${packages.join(' ')}: ${lastLines(output)}`)
}

/** @param {string[]} packages */
function aptInstall(packages) {
  console.log(`set-up: apt-get install ${packages.join(' ')}`)
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const update = run('apt-get', ['update'], options)
  const install = run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options)
  if (!install.ok) console.log(`set-up: apt-get failed: ${lastLines(`${update.output}\n${install.output}`)}`)
}

/**
 * Finds, and where that is allowed installs, what the tests need.
 * @param {{ nodes: boolean }} wanted whether the other versions of Node are needed
 * @returns {Environment}
 */
export function setUp({ nodes }) {
  const mayInstall =
    process.env['CI'] === 'true' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (mayInstall) {
    const packages = []
    if (!findPhp().available) packages.push('php-cli', 'php-curl', 'php-mbstring')
    if (!findCommand(['composer']).available) packages.push('composer')
    if (!findCommand(['unzip']).available && run('unzip', ['-v']).ok === false) packages.push('unzip')
    if (!findChromium().available) packages.push('chromium')
    if (!findRedis().available) packages.push('redis-server')
    if (packages.length > 0) aptInstall(packages)
  }

  const php = findPhp()
  /** @type {Environment} */
  const environment = {
    php,
    phpSdk: findPhpSdk(php),
    chromium: { reason: 'no Chromium or Chrome found', ...findChromium() },
    redis: { reason: 'redis-server is not installed', ...findRedis() },
    nodes: {},
  }
  const missing = otherNodes.filter((major) => nodeBinary(major) === undefined)
  if (nodes && missing.length > 0) installNodes(missing)
  for (const major of otherNodes) {
    const binary = nodeBinary(major)
    if (binary !== undefined) environment.nodes[major] = binary
  }

  const remedies = /** @type {const} */ ({
    php: 'apt-get install php-cli php-curl php-mbstring',
    phpSdk: 'apt-get install composer unzip && npm test',
    chromium: 'apt-get install chromium (or set CHROMIUM_PATH)',
    redis: 'apt-get install redis-server',
  })
  for (const name of /** @type {(keyof typeof remedies)[]} */ (Object.keys(remedies))) {
    const finding = environment[name]
    if (finding.available) delete finding.reason
    else console.log(`set-up: MISSING ${name}: ${finding.reason}. Get it: ${remedies[name]}`)
  }
  for (const major of otherNodes) {
    if (nodes && environment.nodes[major] === undefined) console.log(`set-up: MISSING Node ${major}`)
  }
  mkdirSync(cache, { recursive: true })
  writeFileSync(path.join(cache, 'test-environment.json'), `${JSON.stringify(environment, null, 2)}\n`)
  return environment
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(setUp({ nodes: process.argv.includes('--all-nodes') }))
}
