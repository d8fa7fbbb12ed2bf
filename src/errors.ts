/**
 * A failure a program may want to tell apart from others. Callers match on `code`, never on the text.
 *
 * - `ERR_CONFIG_INVALID` options that cannot be used; the message lists every problem with its origin
 * - `ERR_ADDRESS_IN_USE` the port is taken
 * - `ERR_ADDRESS_UNAVAILABLE` the host cannot be bound on this machine, or the port needs more rights
 * - `ERR_BROKER_UNAVAILABLE` the adapter cannot promise delivery now
 * - `ERR_PUBLISH_INVALID` an event that breaks a limit of its app
 * - `ERR_APP_UNKNOWN` no app of this id
 * - `ERR_SERVER_STATE` listen() or close() at the wrong moment
 */
export type ServerErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_ADDRESS_IN_USE'
  | 'ERR_ADDRESS_UNAVAILABLE'
  | 'ERR_BROKER_UNAVAILABLE'
  | 'ERR_PUBLISH_INVALID'
  | 'ERR_APP_UNKNOWN'
  | 'ERR_SERVER_STATE'

/** The error every public call of this package throws; the original failure stays in `cause`. */
export class ServerError extends Error {
  override readonly name = 'ServerError'

  constructor(
    readonly code: ServerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Why an address cannot be listened on, and the way out. `purpose` names who wanted it: "the server", "metrics". */
export function listenError(
  error: NodeJS.ErrnoException,
  purpose: string,
  host: string,
  port: number,
): ServerError {
  if (error.code === 'EADDRINUSE') {
    const text = `Port ${String(port)} on ${host}, wanted for ${purpose}, is in use: stop what listens there, or choose another port (0 takes any free one)`
    return new ServerError('ERR_ADDRESS_IN_USE', text, { cause: error })
  }
  const text = `Cannot listen on ${host}:${String(port)} for ${purpose} (${error.code ?? error.message}): choose an address of this machine, and a port this user may bind`
  return new ServerError('ERR_ADDRESS_UNAVAILABLE', text, { cause: error })
}
