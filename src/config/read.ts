import path from 'node:path'
import type { Given, GivenGroup, Origin } from './given.js'
import { describeType, type Option, type Options, type TextRule } from './option.js'
import { kindOf, shown, suggestion, type Problem } from './problems.js'
import { headerProblem } from './rules.js'

/** Reads values against the table; whatever is wrong with them is collected. */
export interface Reading {
  readonly problems: Problem[]
  /** Where relative paths begin; `null` leaves them as they are. */
  readonly directory: string | null
}

/** Reads an object whose members are `options`: a document as a whole, or a group in it. */
export function readGroup(
  options: Options,
  value: object,
  origin: Origin,
  reading: Reading,
): GivenGroup & { kind: 'group' } {
  const members = new Map<string, Given>()
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    // What a program leaves undefined it has not given.
    if (member === undefined) continue
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) {
      const message = `unknown option${suggestion(name, Object.keys(options))}`
      reading.problems.push({ origin: origin.at(name).text, message })
    } else {
      members.set(name, readValue(option, member, origin.at(name), reading))
    }
  }
  return { kind: 'group', members, origin }
}

/** Reads one value. */
export function readValue(option: Option, value: unknown, origin: Origin, reading: Reading): Given {
  const { type } = option
  const given = (read: unknown): Given => ({ kind: 'value', value: read, origin })
  const invalid = (what: string): Given => {
    const message = `${what}: expected ${describeType(type)}`
    reading.problems.push({ origin: origin.text, message })
    return { kind: 'invalid', origin }
  }
  const refuse = (): Given => invalid(`got ${option.secret === true ? kindOf(value) : shown(value)}`)

  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? given(value) : refuse()
    case 'number': {
      if (value === null && type.nullable === true) return given(null)
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse()
      if (type.whole && !Number.isInteger(value)) return refuse()
      return value >= type.min && value <= type.max ? given(value) : invalid(`${value} is out of range`)
    }
    case 'text': {
      const text = typeof value === 'string' ? readText(type.rule, value, reading) : null
      return text === null ? refuse() : given(text)
    }
    case 'choice':
      if (typeof value !== 'string') return refuse()
      if (type.values.includes(value)) return given(value)
      return invalid(`got ${shown(value)}${suggestion(value, type.values)}`)
    case 'list': {
      if (value === null && type.nullable === true) return given(null)
      if (!Array.isArray(value)) return invalid(`got ${kindOf(value)}`)
      const texts = readList(type.rule, value, origin, reading)
      return texts === null ? { kind: 'invalid', origin } : given(texts)
    }
    case 'headers': {
      if (!isRecord(value)) return invalid(`got ${kindOf(value)}`)
      return readHeaders(value, origin, reading) ? given({ ...value }) : { kind: 'invalid', origin }
    }
    case 'group':
      if (value === null && type.isOff === true) return given(null)
      if (typeof value === 'boolean' && type.isToggle === true) return toggled(value, origin)
      if (!isRecord(value)) return invalid(`got ${kindOf(value)}`)
      return readGroup(type.members, value, origin, reading)
    case 'groups': {
      if (!Array.isArray(value)) return invalid(`got ${kindOf(value)}`)
      const item: Option = { type: { kind: 'group', members: type.members }, description: '' }
      const items = Array.from(value, (entry: unknown, index) =>
        readValue(item, entry, origin.at(index), reading),
      )
      return { kind: 'items', items, origin }
    }
  }
}

/** `true` is the group with its defaults, `false` is none. */
export function toggled(isOn: boolean, origin: Origin): Given {
  return isOn ? { kind: 'group', members: new Map(), origin } : { kind: 'value', value: null, origin }
}

function readText(rule: TextRule, value: string, { directory }: Reading): string | null {
  const text = rule.read(value)
  return text === null || rule.isFile !== true || directory === null ? text : path.resolve(directory, text)
}

function readList(
  rule: TextRule,
  values: readonly unknown[],
  origin: Origin,
  reading: Reading,
): string[] | null {
  const texts: string[] = []
  for (const [index, value] of values.entries()) {
    const text = typeof value === 'string' ? readText(rule, value, reading) : null
    if (text === null) {
      const message = `got ${shown(value)}: expected ${rule.what}`
      reading.problems.push({ origin: origin.at(index).text, message })
    } else {
      texts.push(text)
    }
  }
  return texts.length === values.length ? texts : null
}

function readHeaders(headers: object, origin: Origin, { problems }: Reading): boolean {
  const before = problems.length
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value)
    if (problem !== null) problems.push({ origin: origin.at(name).text, message: problem })
  }
  return problems.length === before
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
