import { loadConfig, type LoadedConfig, type OptionValue } from '../config/load.js'
import { suggestion } from '../config/problems.js'
import { jsonSchema } from '../config/schema.js'
import { exitCodes, UsageError } from './usage.js'

/** `pogo config check|explain|schema`: what the configuration is, and what is wrong with it. */
export async function config([topic = '', ...args]: readonly string[]): Promise<number> {
  switch (topic) {
    case 'check':
      return print(summary(load(args)))
    case 'explain': {
      const { options, command } = load(args)
      return print(command.json ? json(options) : table(options))
    }
    case 'schema':
      if (args.length > 0) throw new UsageError('config schema takes no arguments')
      return print(json(jsonSchema()))
    default: {
      const known = ['check', 'explain', 'schema']
      const what = topic === '' ? 'pogo config' : `pogo config ${topic.slice(0, 60)}`
      throw new UsageError(`${what}: expected check, explain or schema${suggestion(topic, known)}`)
    }
  }
}

function load(args: readonly string[]): LoadedConfig {
  return loadConfig({ args, env: process.env, cwd: process.cwd() })
}

function summary({ config: { host, port, path, tls, apps } }: LoadedConfig): string {
  const address = `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
  const ids = apps.map(({ id }) => id).join(', ')
  return `The configuration is valid: ${address} with ${apps.length} ${apps.length === 1 ? 'app' : 'apps'} (${ids})`
}

/** `port  9000  --port` */
function table(options: readonly OptionValue[]): string {
  const rows = options.map(({ path, value, origin }) => [
    path,
    value === '***' ? value : JSON.stringify(value ?? null),
    origin,
  ])
  const width = (column: number): number =>
    Math.min(60, Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const [first, second] = [width(0), width(1)]
  return rows
    .map(
      ([path = '', value = '', origin = '']) => `${path.padEnd(first)}  ${value.padEnd(second)}  ${origin}`,
    )
    .join('\n')
}

function json(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => member ?? null, 2)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return exitCodes.ok
}
