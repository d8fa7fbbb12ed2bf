/** A value as JSON can write it. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** What a text must look like. */
export interface TextRule {
  /** Completes "expected …" and stands in the documentation. */
  readonly what: string
  /** The text to keep, normalised, or `null` when it is refused. */
  readonly read: (text: string) => string | null
  /** How the value is called in `--help`. */
  readonly placeholder?: string
  /** The same rule as far as a JSON Schema can say it. */
  readonly pattern?: string
  /** Relative paths are completed with the directory of their source. */
  readonly isFile?: true
}

/** What a value may be. Each kind is read, documented and put into the JSON Schema by its own few lines. */
export type OptionType =
  | { readonly kind: 'boolean' }
  | {
      readonly kind: 'number'
      /** Both inclusive. */
      readonly min: number
      readonly max: number
      readonly whole: boolean
      /** Named in texts; the name of the option carries it too. */
      readonly unit?: string
      /** `null` is allowed and means no limit. */
      readonly nullable?: true
    }
  | { readonly kind: 'text'; readonly rule: TextRule }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** Any number of texts; in flags and environment separated by commas. `absent` tells what leaving it out means. */
  | { readonly kind: 'list'; readonly rule: TextRule; readonly nullable?: true }
  /** HTTP headers by name. */
  | { readonly kind: 'headers' }
  /** Options that belong together. A group without defaults of its own is off (`null`) until one of them is given. */
  | { readonly kind: 'group'; readonly members: Options; readonly isOff?: true; readonly isToggle?: true }
  /** Any number of groups. */
  | { readonly kind: 'groups'; readonly members: Options; readonly noun: string }

/** One row of the table. */
export interface Option {
  readonly type: OptionType
  /** One sentence. */
  readonly description: string
  /** Absent where the option is required, derived or a group. */
  readonly default?: JsonValue
  /** The sibling whose value it takes when it is not given. */
  readonly defaultsTo?: string
  readonly required?: true
  /** Never shown: not in errors, not by `config explain`. */
  readonly secret?: true
  /** Without its dashes. */
  readonly flag?: string
  /** Set for what is no server option; those derive it from their name. */
  readonly env?: string
}

export type Options = Readonly<Record<string, Option>>

/** A row for each property of the type, and no other. */
export type TableOf<Shape> = { readonly [Name in keyof Required<Shape>]: Option }

/** Bounds that several options share. */
export const daySeconds = 86_400
export const hourMs = 3_600_000

/** `true` or `false`. */
export const boolean: OptionType = { kind: 'boolean' }
/** A text that keeps a rule. */
export const text = (rule: TextRule): OptionType => ({ kind: 'text', rule })

/** A whole number; `unit` only where it completes the range: "of bytes". */
export function whole(min: number, max: number, unit?: string): OptionType & { kind: 'number' } {
  return { kind: 'number', min, max, whole: true, ...(unit === undefined ? {} : { unit }) }
}

/** Seconds with fractions: tests wait for tenths of a second. */
export const seconds = (min: number, max: number): OptionType => ({
  kind: 'number',
  min,
  max,
  whole: false,
  unit: 'seconds',
})

/** An option with the place it has in the configuration: `metrics.port`, `apps[].limits.connections`. */
export interface PlacedOption {
  readonly path: string
  readonly option: Option
  readonly env: string | undefined
}

/** The variable of a server option: `metrics.port` -> `POGO_WS_METRICS_PORT`. */
export function envName(path: string, option: Option): string | undefined {
  if (option.env !== undefined) return option.env
  const hasNone = path.includes('[') || option.type.kind === 'groups'
  if (hasNone || (option.type.kind === 'group' && option.type.isToggle !== true)) return undefined
  return `POGO_WS_${path
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('.', '_')
    .toUpperCase()}`
}

/** Every row below `options`, groups before their members. */
export function* placedOptions(options: Options, parent = ''): Generator<PlacedOption> {
  for (const [name, option] of Object.entries(options)) {
    const path = parent + name
    yield { path, option, env: envName(path, option) }
    if (option.type.kind === 'group') yield* placedOptions(option.type.members, `${path}.`)
    if (option.type.kind === 'groups') yield* placedOptions(option.type.members, `${path}[].`)
  }
}

/** `a whole number from 0 to 65535`, as errors and the documentation say it. */
export function describeType(type: OptionType): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false'
    case 'number': {
      const { min, max, whole, unit, nullable } = type
      const noun = whole ? 'a whole number' : 'a number'
      const of = unit === undefined ? '' : ` of ${unit}`
      return `${noun}${of} from ${String(min)} to ${String(max)}${nullable === true ? ', or null for no limit' : ''}`
    }
    case 'text':
      return type.rule.what
    case 'choice':
      return type.values.map((value) => `"${value}"`).join(' or ')
    case 'list':
      return `a list; each entry ${type.rule.what}${type.nullable === true ? '; or null' : ''}`
    case 'headers':
      return 'an object of header names and values'
    case 'group':
      return type.isToggle === true
        ? 'true, false or an object'
        : `an object${type.isOff === true ? ', or null for none' : ''}`
    case 'groups':
      return 'a list of objects'
  }
}
