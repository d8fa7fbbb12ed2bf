import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { loadConfig } from '../config/load.js'
import { createServerFromConfig } from '../server.js'
import { banner, readyLine } from './announce.js'
import { createLogger } from './logger.js'
import { checkOpenFileLimit } from './open-files.js'
import { watchParent } from './parent.js'
import { exitCodes } from './usage.js'

/**
 * `pogo start`: serves until a signal (or the end of its parent) asks to stop.
 *
 * @throws {ServerError} when the configuration is wrong or the address cannot be had
 */
export async function start(args: readonly string[]): Promise<number> {
  const { config, command } = loadConfig({ args, env: process.env, cwd: process.cwd() })
  const { logger, flush } = createLogger(command.logLevel)
  checkOpenFileLimit(config.maxConnections, logger)
  const server = createServerFromConfig(config, { logger })
  const stop = onStop(flush)
  if (command.exitWithParent) watchParent(stop.now)

  try {
    await server.listen()
    process.stdout.write(`${command.json ? readyLine(server, config) : banner(server, config)}\n`)
    await stop.asked
  } finally {
    await server.close()
    flush()
  }
  // Whatever a part forgot to let go of may not keep the process.
  process.exit(exitCodes.ok)
}

/** How long npm may take to pass on a Ctrl+C that the terminal has sent to both of us. */
const SAME_SIGNAL_MS = 100

/** The first signal asks to stop, a second one ends the process where it stands. */
function onStop(flush: () => void): { readonly asked: Promise<void>; readonly now: () => void } {
  let now = (): void => undefined
  const asked = new Promise<void>((resolve) => {
    now = resolve
  })
  const isTwiceTold = isatty(0) && process.env.npm_lifecycle_event !== undefined
  let firstAt: number | null = null
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const at = Date.now()
      if (firstAt === null) {
        firstAt = at
        now()
      } else if (!isTwiceTold || at - firstAt > SAME_SIGNAL_MS) {
        flush()
        process.exit(128 + constants.signals[signal])
      }
    })
  }
  return { asked, now: () => now() }
}
