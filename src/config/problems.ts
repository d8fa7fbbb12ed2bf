import { distance } from 'fastest-levenshtein'
import { ServerError } from '../errors.js'

/** One thing that is wrong with the options. */
export interface Problem {
  /** Where it was said: `--port`, `POGO_WS_PORT`, `pogo.json: apps[0].limits.connections`. */
  readonly origin: string
  /** What is wrong, with which value, and the way out. Never holds a secret. */
  readonly message: string
}

/** A list that another tool wrote may be wrong a million times; nobody reads on. */
const MOST_SHOWN = 100

/** `ERR_CONFIG_INVALID` with every problem there is. */
export class ConfigError extends ServerError {
  constructor(readonly problems: readonly Problem[]) {
    const lines = problems.slice(0, MOST_SHOWN).map(({ origin, message }) => `  ${origin}: ${message}`)
    const hidden = problems.length - lines.length
    if (hidden > 0) lines.push(`  and ${hidden} more`)
    const count = problems.length === 1 ? 'A problem' : `${problems.length} problems`
    super('ERR_CONFIG_INVALID', `${count} in the configuration:\n${lines.join('\n')}`)
  }
}

/** A value as it may stand in a text: short, on one line, without the credentials of a URL. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const masked = withoutCredentials(value)
      return JSON.stringify(masked.length > 120 ? `${masked.slice(0, 120)}…` : masked)
    }
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return kindOf(value)
  }
}

/** `http://name:password@host` -> `http://***@host`. */
function withoutCredentials(text: string): string {
  const from = text.indexOf('//')
  const to = text.lastIndexOf('@')
  return from === -1 || to < from ? text : `${text.slice(0, from)}//***${text.slice(to)}`
}

/** What a value is, for values that must not be shown or are too big for it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}

/** `; did you mean port?` when a known name is near, else nothing. Spelling with `-`, `_` or in capitals is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known)
  return nearest === null ? '' : `; did you mean ${nearest}?`
}

function nearestName(name: string, known: Iterable<string>): string | null {
  // The distance costs the product of both lengths, and nothing this long is a slip of the pen.
  if (name.length > 60) return null
  let best: { name: string; distance: number } | null = null
  for (const candidate of known) {
    const apart = distance(folded(name), folded(candidate))
    if (best === null || apart < best.distance) best = { name: candidate, distance: apart }
  }
  return best !== null && best.distance <= Math.max(1, Math.ceil(name.length / 3)) ? best.name : null
}

function folded(name: string): string {
  return name.replace(/(?<=[a-z0-9])[-_](?=[a-z0-9])/gi, '').toLowerCase()
}
