import { randomBytes } from 'node:crypto'
import { checkTogether } from './checks.js'
import { Completion, type OptionValue } from './complete.js'
import { documentOrigin, merge, plainOrigin, type Given, type GivenGroup } from './given.js'
import { placedOptions } from './option.js'
import { demoApp, serverOptions } from './options.js'
import { ConfigError, kindOf, suggestion, type Problem } from './problems.js'
import { readGroup } from './read.js'
import type { ServerConfig } from './server-config.js'
import type { ServerOptions } from './server-options.js'
import { readArgs, type ReadArgs } from './sources/args.js'
import { readFile } from './sources/file.js'
import { envSource, flagSource, readTexts } from './sources/texts.js'

export { ConfigError } from './problems.js'
export type { OptionValue } from './complete.js'
export type { ServerOptions } from './server-options.js'

/** Where the command looks for options. */
export interface ConfigSources {
  /** Flags, as they follow the command. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Directory of `pogo.json` and of relative paths. */
  readonly cwd: string
}

export interface LoadedConfig {
  readonly config: ServerConfig
  /** Every option with its value and where that came from. */
  readonly options: readonly OptionValue[]
  /** The flags that steer the command. */
  readonly command: Pick<ReadArgs, 'logLevel' | 'exitWithParent' | 'json'>
}

/**
 * The configuration of the command: flags over environment over file over defaults.
 *
 * @throws {ConfigError} with every problem of every source
 */
export function loadConfig({ args, env, cwd }: ConfigSources): LoadedConfig {
  const problems: Problem[] = []
  const reading = { problems, directory: cwd }
  const { texts, configFile, ...command } = readArgs(args, problems)
  checkEnvNames(env, problems)
  const fromFlags = readTexts(serverOptions, flagSource(texts), reading)
  const fromEnv = readTexts(serverOptions, envSource(env), reading)
  const fromFile = readFile(configFile, cwd, reading)
  const merged = merge(merge(fromFlags, fromEnv), fromFile)
  // A file that cannot be read may have named the apps.
  const needsApps = fromFile?.kind !== 'invalid'
  return { ...complete(merged, problems, { origin: plainOrigin('apps'), needsApps }), command }
}

/**
 * The configuration of `createServer`. Neither environment nor files are looked at.
 *
 * @throws {ConfigError} with every problem
 */
export function resolveOptions(
  options: ServerOptions,
  { needsApps = true }: { readonly needsApps?: boolean } = {},
): ServerConfig {
  const problems: Problem[] = []
  const origin = documentOrigin('createServer')
  // What a JavaScript program passes may be anything.
  const value: unknown = options
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError([{ origin: origin.text, message: `got ${kindOf(value)}: expected an object` }])
  }
  const given = readGroup(serverOptions, value, origin, { problems, directory: null })
  return complete(given, problems, { origin: origin.at('apps'), needsApps }).config
}

function complete(
  given: Given | undefined,
  problems: Problem[],
  apps: Parameters<typeof checkTogether>[2],
): Pick<LoadedConfig, 'config' | 'options'> {
  const group = withDevelopment(given?.kind === 'group' ? given : undefined)
  const completion = new Completion(problems)
  const values = completion.group(serverOptions, group, '')
  checkTogether(values, group, apps, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: toConfig(values as unknown as CompleteOptions), options: completion.rows }
}

/** A misspelt variable would otherwise be a setting that silently is not there. */
function checkEnvNames(env: ConfigSources['env'], problems: Problem[]): void {
  const known = [...placedOptions(serverOptions)].flatMap(({ env: name }) => name ?? [])
  for (const name of Object.keys(env)) {
    if (!name.startsWith('POGO_WS_') || known.includes(name)) continue
    problems.push({ origin: name, message: `unknown variable${suggestion(name, known)}` })
  }
}

/** In development mode there is an app and a page without asking for them. */
function withDevelopment(given: GivenGroup | undefined): GivenGroup | undefined {
  const dev = given?.members.get('dev')
  if (given === undefined || dev?.kind !== 'value' || dev.value !== true) return given
  const { origin } = dev
  const members = new Map<string, Given>(
    Object.entries(demoApp).map(([name, value]) => [name, { kind: 'value', value, origin }]),
  )
  const development: Given = {
    kind: 'group',
    members: new Map<string, Given>([
      ['playground', { kind: 'group', members: new Map(), origin }],
      ['apps', { kind: 'items', items: [{ kind: 'group', members, origin }], origin }],
    ]),
    origin,
  }
  const merged = merge(given, development)
  return merged?.kind === 'group' ? merged : given
}

/** The table's options with every default filled in. */
type CompleteOptions = Omit<ServerConfig, 'playground'> & {
  readonly playground: { readonly token: string | undefined } | null
}

function toConfig({ playground, apps, ...options }: CompleteOptions): ServerConfig {
  return {
    ...options,
    playground:
      playground === null ? null : { token: playground.token ?? (options.dev ? null : randomToken()) },
    apps: apps.map((app) => ({
      ...app,
      tokens: [{ key: app.key, secret: app.secret }, ...app.tokens],
    })),
  }
}

/** 24 characters that need no escaping in an address. */
function randomToken(): string {
  return randomBytes(18).toString('base64url')
}
