import type { Given, GivenGroup } from './given.js'
import type { Option, Options } from './option.js'
import type { Problem } from './problems.js'

/** One option as it counts: `config explain` shows these. */
export interface OptionValue {
  /** `apps[0].limits.connections` */
  readonly path: string
  /** `***` in place of a secret. */
  readonly value: unknown
  /** `--port`, `POGO_WS_PORT`, `pogo.json: port` or `default`. */
  readonly origin: string
}

/** Fills in what nobody gave, and finds what nobody may leave out. */
export class Completion {
  readonly rows: OptionValue[] = []

  constructor(readonly problems: Problem[]) {}

  /** Every member of the group; what is invalid is missing. */
  group(options: Options, given: GivenGroup | undefined, path: string): Record<string, unknown> {
    const prefix = path === '' ? '' : `${path}.`
    const values: Record<string, unknown> = {}
    for (const [name, option] of Object.entries(options)) {
      const member = given?.members.get(name)
      const at = prefix + name
      if (member === undefined && option.required === true && given !== undefined) {
        this.problems.push({
          origin: given.origin.at(name, option).text,
          message: `missing: ${option.description}`,
        })
      } else if (member === undefined && option.defaultsTo !== undefined) {
        values[name] = values[option.defaultsTo]
        this.#show(at, option, values[name], 'default')
      } else {
        values[name] = this.#value(option, member, at)
      }
    }
    return values
  }

  #value(option: Option, given: Given | undefined, path: string): unknown {
    const { type } = option
    if (given?.kind === 'invalid') return undefined
    if (type.kind === 'group' && (given?.kind === 'group' || (given === undefined && type.isOff !== true))) {
      return this.group(type.members, given, path)
    }
    if (type.kind === 'groups' && given?.kind === 'items' && given.items.length > 0) {
      return given.items.map((item, index) =>
        item.kind === 'group' ? this.group(type.members, item, `${path}[${index}]`) : undefined,
      )
    }
    const value = given?.kind === 'value' ? given.value : type.kind === 'groups' ? [] : option.default
    this.#show(path, option, value, given?.origin.text ?? 'default')
    return value
  }

  #show(path: string, option: Option, value: unknown, origin: string): void {
    this.rows.push({ path, value: option.secret === true ? redacted(value) : value, origin })
  }
}

/** Names of headers stay, since they help to find a mistake. */
function redacted(value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (typeof value !== 'object') return '***'
  return Object.fromEntries(Object.keys(value).map((name) => [name, '***']))
}
