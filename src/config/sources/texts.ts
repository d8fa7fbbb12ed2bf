import { plainOrigin, type Given, type GivenGroup, type Origin } from '../given.js'
import { envName, type Option, type Options } from '../option.js'
import { readValue, toggled, type Reading } from '../read.js'

/** A source that knows options by flat names and their values as text: flags, environment. */
export interface TextSource {
  /** How this source calls the option, or `undefined` when it does not know it. */
  nameOf(path: string, option: Option): string | undefined
  /** What was given under that name. */
  textOf(name: string): string | undefined
}

export const flagName = (option: Option): string | undefined =>
  option.flag === undefined ? undefined : `--${option.flag}`

/** Flags by their names with dashes. */
export function flagSource(texts: ReadonlyMap<string, string>): TextSource {
  return { nameOf: (_path, option) => flagName(option), textOf: (name) => texts.get(name) }
}

/** Variables; an empty one counts as not given, since shells and compose files cannot leave one out. */
export function envSource(env: Readonly<Record<string, string | undefined>>): TextSource {
  return {
    nameOf: envName,
    textOf: (name) => (env[name] === '' ? undefined : env[name]),
  }
}

/** What a source says; a list of groups gets one entry, which is how flags and environment name the one app. */
export function readTexts(
  options: Options,
  source: TextSource,
  reading: Reading,
  parent = '',
): GivenGroup | undefined {
  const members = new Map<string, Given>()
  for (const [name, option] of Object.entries(options)) {
    const given = readOption(option, source, reading, parent + name)
    if (given !== undefined) members.set(name, given)
  }
  const [first] = members.values()
  if (first === undefined) return undefined
  const origin: Origin = {
    text: first.origin.text,
    at(step, option) {
      const own = option === undefined ? undefined : source.nameOf(`${parent}${step}`, option)
      return plainOrigin(own ?? first.origin.text)
    },
  }
  return { kind: 'group', members, origin }
}

function readOption(option: Option, source: TextSource, reading: Reading, path: string): Given | undefined {
  const { type } = option
  if (type.kind === 'groups') {
    const item = readTexts(type.members, source, reading, `${path}[].`)
    return item === undefined ? undefined : { kind: 'items', items: [item], origin: item.origin }
  }
  const name = source.nameOf(path, option)
  const text = name === undefined ? undefined : source.textOf(name)
  const own =
    name === undefined || text === undefined ? undefined : readOwn(option, text, plainOrigin(name), reading)
  if (type.kind !== 'group') return own
  return readTexts(type.members, source, reading, `${path}.`) ?? own
}

function readOwn(option: Option, text: string, origin: Origin, reading: Reading): Given {
  const { type } = option
  if (type.kind === 'group') {
    const isOn = booleanOf(text)
    if (isOn !== undefined) return toggled(isOn, origin)
    // Not shown: whoever writes a token here has mistaken it for the option next to it.
    reading.problems.push({ origin: origin.text, message: 'got a text: expected true or false' })
    return { kind: 'invalid', origin }
  }
  return readValue(option, valueOf(option, text), origin, reading)
}

/** The value a text stands for; the text itself when it stands for none, so that it is refused by its look. */
function valueOf({ type }: Option, text: string): unknown {
  switch (type.kind) {
    case 'boolean':
      return booleanOf(text) ?? text
    case 'number':
      if (text === 'null') return null
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text
    case 'list':
      return text.split(',').map((entry) => entry.trim())
    default:
      return text
  }
}

/** `true`, `1` and `yes`; `false`, `0` and `no`. */
export function booleanOf(text: string): boolean | undefined {
  if (['true', '1', 'yes'].includes(text)) return true
  return ['false', '0', 'no'].includes(text) ? false : undefined
}
