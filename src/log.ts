/** Fields first, a constant lower-case text second: `log.info({ appId, socketId }, 'connection opened')`. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void

/**
 * What the server writes to. A pino logger fits as it is. Levels: `error` someone must act, `warn` degraded but
 * serving, `info` the life of the server, `debug` one connection or request, `trace` frames.
 * A logger must not throw. Secrets, signatures and payloads are never among the fields.
 */
export interface Logger {
  readonly error: LogMethod
  readonly warn: LogMethod
  readonly info: LogMethod
  readonly debug: LogMethod
  readonly trace: LogMethod
}

const ignore: LogMethod = () => undefined

/** The default of the library: says nothing. */
export const silentLogger: Logger = {
  error: ignore,
  warn: ignore,
  info: ignore,
  debug: ignore,
  trace: ignore,
}
