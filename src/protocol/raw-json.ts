/**
 * Reads the members of a JSON object without giving up their spelling, so that payloads can be handed on exactly as
 * they came: `1.0`, big integers, key order and escapes survive, which parsing and printing again would lose.
 */

/** A JSON object whose members are available both as values and as they were spelled. */
export interface RawObject {
  readonly value: Readonly<Record<string, unknown>>
  /** The exact text of a member's value, or `undefined` when the object has no such member. */
  raw(name: string): string | undefined
}

/** Parses `text`; answers `null` unless it is a JSON object. Never throws. */
export function parseObject(text: string): RawObject | null {
  const value = parseJson(text)
  if (!isObject(value)) return null
  return { value, raw: (name) => spelledMember(text, name) }
}

/** Parses any JSON text; answers `undefined` when it is none. Never throws. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not JSON: the caller refuses it with its own words
  }
}

/** Whether a parsed JSON value is an object (and no array). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Own members only, so that `__proto__` or `constructor` never answers from a prototype. */
export function member(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

/** The spelled value of a top-level member of `text`, which must be a valid JSON object. The last duplicate wins. */
function spelledMember(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = skipSpace(text, 0) + 1
  for (;;) {
    at = skipSpace(text, at)
    if (text[at] === '}' || at >= text.length) return found
    const keyEnd = skipString(text, at)
    const key: unknown = JSON.parse(text.slice(at, keyEnd))
    at = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, at)
    if (key === name) found = text.slice(at, valueEnd)
    at = skipSpace(text, valueEnd)
    if (text[at] === ',') at += 1
  }
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1
  return at
}

/** The index behind the string that begins at `at`. */
function skipString(text: string, at: number): number {
  at += 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** The index behind the value that begins at `at`; counts brackets instead of recursing, so depth costs nothing. */
function skipValue(text: string, at: number): number {
  let depth = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '"') {
      at = skipString(text, at)
      if (depth === 0) return at
      continue
    }
    if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (character === ',' || text.charCodeAt(at) <= 0x20)) return at
    at += 1
  }
  return at
}
