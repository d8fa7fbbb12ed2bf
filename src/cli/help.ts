import { readFileSync } from 'node:fs'
import { placedOptions, type Option } from '../config/option.js'
import { serverOptions } from '../config/options.js'
import { commandFlags, type CommandFlag } from '../config/sources/args.js'

/** What `--help` says about a command. */
const texts: Readonly<
  Record<string, { readonly usage: string; readonly summary: string; readonly more?: string }>
> = {
  start: {
    usage: 'pogo start [flags]',
    summary: 'Run the server.',
    more: 'Ends with 0 after SIGTERM or SIGINT, 1 when it cannot run, 2 when flags or configuration are wrong.',
  },
  playground: {
    usage: 'pogo playground [flags]',
    summary: 'Run the server in development mode and print the address of its page.',
    more: 'The same as: pogo start --dev --playground',
  },
  config: {
    usage: 'pogo config check|explain|schema [flags]',
    summary: 'Look at the configuration without running the server.',
    more: [
      'check    tells all problems at once; ends with 2 if there are any',
      'explain  prints every option with its value and where that came from; --json prints JSON',
      'schema   prints the JSON Schema of the configuration file',
      '',
      'check and explain take the flags of start.',
    ].join('\n'),
  },
}

/** Whether help is asked for; what follows `--` asks for nothing. */
export function isHelpWanted(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === '--help' || arg === '-h')
}

export function generalHelp(): string {
  const commands = Object.entries(texts).map(([name, { summary }]) => [`pogo ${name}`, summary] as const)
  return [
    `Pogo ${version()}, a WebSocket server that speaks the Pusher protocol`,
    '',
    ...columns(commands),
    '',
    'pogo <command> --help tells more; pogo --version the version.',
    '',
  ].join('\n')
}

export function commandHelp(name: string): string {
  const { usage = '', summary = '', more = '' } = texts[name] ?? {}
  const flags = [...serverFlags(), ...ownFlags()]
  return [`${usage}\n`, `${summary}${more === '' ? '' : `\n\n${more}`}\n`, ...columns(flags), ''].join('\n')
}

/** Flags of the table; each can be given as a variable too. */
function serverFlags(): (readonly [string, string])[] {
  return [...placedOptions(serverOptions)].flatMap(({ path, option, env }) => {
    if (option.flag === undefined) return []
    const value = placeholder(option)
    const notes = [
      ...(isWorthTelling(path, option) ? [`default ${JSON.stringify(option.default)}`] : []),
      ...(env === undefined ? [] : [env]),
    ]
    const flag = `--${option.flag}${value === '' ? '' : ` ${value}`}`
    return [[flag, `${option.description} [${notes.join(', ')}]`] as const]
  })
}

/** A switch is off and a file is not there; defaults inside a group count only once the group is on. */
function isWorthTelling(path: string, { default: value }: Option): boolean {
  return !path.includes('.') && value !== undefined && value !== false && value !== null
}

function ownFlags(): (readonly [string, string])[] {
  return Object.entries<CommandFlag>(commandFlags).map(
    ([name, { description, placeholder: value, values, default: preset }]) => {
      const notes = [
        ...(preset === undefined ? [] : [`default ${preset}`]),
        ...(values === undefined ? [] : [values.join('|')]),
      ]
      const flag = `--${name}${value === undefined ? '' : ` ${value}`}`
      return [flag, notes.length === 0 ? description : `${description} [${notes.join(', ')}]`] as const
    },
  )
}

function placeholder({ type }: Option): string {
  if (type.kind === 'number') return 'N'
  return type.kind === 'text' ? (type.rule.placeholder ?? 'TEXT') : ''
}

/** Two columns; long lines of the right one go on below it. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([text]) => text.length)) + 4
  return rows.flatMap(([name, text]) =>
    wrap(text, 108 - left).map((line, index) => (index === 0 ? `  ${name}` : '').padEnd(left) + line),
  )
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

export function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
