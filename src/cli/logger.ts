import { destination, pino, stdTimeFunctions } from 'pino'
import type { LogLevel } from '../config/sources/args.js'
import type { Logger } from '../log.js'

const STDERR = 2
/** Lines that wait for a reader that has stopped reading; the server does not wait with them. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024

/** Logs as JSON lines on stderr, with a way to write out what waits before the process ends. */
export function createLogger(level: LogLevel): { readonly logger: Logger; readonly flush: () => void } {
  const stream = destination({ fd: STDERR, sync: false, maxLength: MOST_WAITING_BYTES })
  stream.on('error', () => {
    // Nobody reads the log any more, and there is no other place to say so.
  })
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  const flush = (): void => {
    try {
      stream.flushSync()
    } catch {
      // The end is near; a log that cannot be written is no reason to stay.
    }
  }
  return { logger, flush }
}
