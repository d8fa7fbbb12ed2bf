import { demoApp } from '../config/options.js'
import type { ServerConfig } from '../config/server-config.js'
import { version } from './help.js'

/** What there is to say about a server that listens. */
export interface RunningServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly playgroundUrl: string | null
  readonly metricsUrl: string | null
}

/** For programs: one line, members in this order. */
export function readyLine(
  { url, host, port, playgroundUrl, metricsUrl }: RunningServer,
  config: ServerConfig,
): string {
  const apps = config.apps.map(({ id, key }) => ({ id, key }))
  const { pid } = process
  return JSON.stringify({ event: 'ready', url, host, port, pid, apps, playgroundUrl, metricsUrl })
}

/** For people. The only secret it shows is that of the demo app, which everybody knows. */
export function banner(server: RunningServer, { apps }: ServerConfig): string {
  const rows = [
    ...apps.map(({ id, key, secret }) => {
      const isDemo = id === demoApp.id && key === demoApp.key && secret === demoApp.secret
      return ['app', isDemo ? `${id}, key ${key}, secret ${secret} (the demo app)` : `${id}, key ${key}`]
    }),
    ...(server.playgroundUrl === null ? [] : [['page', server.playgroundUrl]]),
    ...(server.metricsUrl === null ? [] : [['metrics', server.metricsUrl]]),
  ]
  const lines = rows.map(([name = '', text = '']) => `  ${name.padEnd(9)}${text}`)
  return [`Pogo ${version()} serves ${server.url} (Ctrl+C stops it)`, ...lines].join('\n')
}
