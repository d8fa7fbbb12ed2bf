// The import map of the project as an ESLint rule. Every zone names what it may import; whatever is not named is refused,
// so a new folder under src/ needs a line here before anything can stand in it. Paths are compared as text: the rule needs
// no resolver and works on files that do not exist.
import path from 'node:path'

const leaves = ['errors', 'clock', 'log', 'emitter']
const domain = ['protocol', 'apps', 'contracts', ...leaves]
const observers = ['api', 'webhooks', 'metrics', 'inspector', 'page']
const parts = [...domain, 'hub', ...observers, 'transports', 'adapters', 'auth']

/**
 * Zone (a folder of src/, or a file directly in it, without its suffix) -> the zones it may import besides itself.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const zones = {
  protocol: [],
  ...Object.fromEntries(leaves.map((leaf) => [leaf, leaves])),
  apps: domain,
  contracts: domain,
  hub: domain,
  adapters: domain,
  auth: domain,
  ...Object.fromEntries(observers.map((zone) => [zone, [...domain, 'hub']])),
  transports: [...domain, 'hub', ...observers],
  config: [...leaves, 'protocol', 'apps'],
  server: [...parts, 'config'],
  index: [...parts, 'server'],
  workers: [...parts, 'server', 'index', 'config'],
  cli: [...parts, 'server', 'index', 'config', 'workers'],
}

/**
 * One door per dependency: module -> the only places of src/ that may import it (a folder ends in a slash).
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const doors = {
  ws: ['src/transports/'],
  'prom-client': ['src/metrics/'],
  pino: ['src/cli/'],
  cluster: ['src/workers/'],
  child_process: ['src/auth/php-pool.ts', 'src/workers/'],
}

const packageName = 'pogo-websocket'

/** `src/hub/channel.ts` -> `hub`, `src/server.test.ts` -> `server`. @param {string} file */
const zoneOf = (file) => /^src\/([^/.]+)/.exec(file)?.[1]

/** `@a/b/c` -> `@a/b`, `node:fs/promises` -> `fs`. @param {string} specifier */
function moduleOf(specifier) {
  const names = specifier.replace(/^node:/, '').split('/')
  return names.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * Why `file` may not import `specifier`, or null when it may.
 * @param {string} file path from the root of the repository, with forward slashes
 * @param {string} specifier
 * @returns {string | null}
 */
export function refusal(file, specifier) {
  const [area = ''] = file.split('/', 1)
  const relative = /^\.{1,2}(\/|$)/.test(specifier)
  const target = relative ? path.posix.join(path.posix.dirname(file), specifier) : null

  if (area === 'testing' || area === 'playground') {
    if (target === null || target.startsWith(`${area}/`)) return null
    return `${area}/ sees only what users see: import '${packageName}', not '${specifier}'.`
  }
  if (area !== 'src') return null

  const zone = zoneOf(file) ?? ''
  const isTest = /\.test(-d)?\.ts$/.test(file)
  const allowed = Object.hasOwn(zones, zone) ? zones[zone] : undefined
  if (allowed === undefined)
    return `'${zone}' has no place in the import map (scripts/lint/import-directions.js).`

  if (target !== null) {
    const to = zoneOf(target)
    if (to === undefined) return `src/ imports nothing from outside src/: '${specifier}'.`
    if (to === zone || allowed.includes(to)) return null
    // A unit test may take real parts from anywhere, but the command stays on top.
    if (isTest && to !== 'cli' && Object.hasOwn(zones, to)) return null
    return `${zone} may not import ${to} (${zone} may import: ${allowed.join(', ') || 'nothing of ours'}).`
  }

  const module = moduleOf(specifier)
  if (module === packageName) {
    return zone === 'cli' && !isTest
      ? null
      : `only src/cli imports '${packageName}' by name; use a relative path.`
  }
  const places = Object.hasOwn(doors, module) ? doors[module] : undefined
  if (places === undefined || isTest) return null
  const isPlace = places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place))
  return isPlace ? null : `'${specifier}' has one door: ${places.join(', ')}.`
}

/** @type {import('eslint').Rule.RuleModule} */
const importDirections = {
  meta: { type: 'problem', schema: [], messages: { refused: '{{reason}}' } },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/')

    /** @param {any} source the node that holds the specifier, if there is one */
    function check(source) {
      if (typeof source?.value !== 'string') return
      const reason = refusal(file, source.value)
      if (reason !== null) context.report({ node: source, messageId: 'refused', data: { reason } })
    }

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      /** `import('./x.js').Type`. @param {any} node */
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    }
  },
}

export default { rules: { 'import-directions': importDirections } }
