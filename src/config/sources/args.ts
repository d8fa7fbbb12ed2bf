import { parseArgs } from 'node:util'
import { placedOptions } from '../option.js'
import { serverOptions } from '../options.js'
import { shown, suggestion, type Problem } from '../problems.js'
import { booleanOf } from './texts.js'

/** A flag that steers the command and configures no server. */
export interface CommandFlag {
  readonly description: string
  /** Absent for flags without a value. */
  readonly placeholder?: string
  readonly values?: readonly string[]
  readonly default?: string
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** The flags of `start` beside those of the table of options. */
export const commandFlags = {
  config: {
    description: 'Configuration file; pogo.json is read when it exists.',
    placeholder: 'FILE',
  },
  'log-level': {
    description: 'Least important log line that is written.',
    placeholder: 'LEVEL',
    values: logLevels,
    default: 'info',
  },
  'exit-with-parent': { description: 'Stop when the process that started the server is gone.' },
  json: { description: 'Print one line of JSON when the server is ready.' },
} as const satisfies Readonly<Record<string, CommandFlag>>

/** What the arguments say; texts of the table's flags by name with dashes. */
export interface ReadArgs {
  readonly texts: ReadonlyMap<string, string>
  readonly configFile: string | undefined
  readonly logLevel: LogLevel
  readonly exitWithParent: boolean
  readonly json: boolean
}

/** Flag -> whether a value follows it. */
function knownFlags(): ReadonlyMap<string, boolean> {
  const flags = new Map<string, boolean>()
  for (const { option } of placedOptions(serverOptions)) {
    const isSwitch = option.type.kind === 'boolean' || option.type.kind === 'group'
    if (option.flag !== undefined) flags.set(`--${option.flag}`, !isSwitch)
  }
  for (const [name, flag] of Object.entries<CommandFlag>(commandFlags)) {
    flags.set(`--${name}`, flag.placeholder !== undefined)
  }
  return flags
}

/** Reads the arguments of `start`. Of a flag that is repeated the last one counts. */
export function readArgs(args: readonly string[], problems: Problem[]): ReadArgs {
  const flags = knownFlags()
  const texts = new Map<string, string>()
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      [...flags].map(
        ([name, hasValue]) => [name.slice(2), { type: hasValue ? 'string' : 'boolean' }] as const,
      ),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  let previous = 'the command'
  let followsUnknown = false
  let unknownIndex = -1
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // What follows an unknown flag is its value. No value is shown: it may be (half of) a secret.
      if (!followsUnknown) problems.push({ origin: `after ${previous}`, message: 'unexpected argument' })
      followsUnknown = false
      continue
    }
    followsUnknown = false
    if (token.kind === 'option-terminator') continue
    const hasValue = flags.get(token.rawName)
    previous = hasValue === undefined ? 'an unknown flag' : token.rawName
    if (hasValue === undefined) {
      followsUnknown = token.inlineValue !== true
      // `-port` arrives as five flags of one letter.
      if (token.index === unknownIndex) continue
      unknownIndex = token.index
      const name = args[token.index]?.split('=', 1)[0] ?? token.rawName
      problems.push({ origin: name.slice(0, 60), message: `unknown flag${suggestion(name, flags.keys())}` })
    } else if (hasValue && (token.value === undefined || isFlagLike(token.value, token.inlineValue))) {
      const message = `needs a value; one that begins with a dash is written ${token.rawName}=…`
      problems.push({ origin: token.rawName, message })
    } else {
      texts.set(token.rawName, token.value ?? 'true')
    }
  }
  return { texts, ...readCommandFlags(texts, problems) }
}

function isFlagLike(value: string, isInline: boolean | undefined): boolean {
  return isInline !== true && value.startsWith('-') && value !== '-'
}

function readCommandFlags(texts: ReadonlyMap<string, string>, problems: Problem[]): Omit<ReadArgs, 'texts'> {
  const isOn = (name: string): boolean => {
    const text = texts.get(name) ?? 'false'
    const value = booleanOf(text)
    if (value === undefined) {
      problems.push({ origin: name, message: `got ${shown(text)}: expected true or false` })
    }
    return value ?? false
  }
  const levelText = texts.get('--log-level') ?? commandFlags['log-level'].default
  const logLevel = logLevels.find((level) => level === levelText)
  if (logLevel === undefined) {
    const message = `got ${shown(levelText)}: expected one of ${logLevels.join(', ')}${suggestion(levelText, logLevels)}`
    problems.push({ origin: '--log-level', message })
  }
  return {
    configFile: texts.get('--config'),
    logLevel: logLevel ?? 'info',
    exitWithParent: isOn('--exit-with-parent'),
    json: isOn('--json'),
  }
}
