/**
 * The error table: what a client is told, and whether its connection lives on.
 * Ranges mean something to clients: 4000-4099 do not come back, 4100-4199 come back after a second, 4200-4299 come
 * back at once, 43xx are told and nothing is closed. Source: protocol.md#connection-close-codes.
 */
export const closeCodes = {
  tlsRequired: 4000,
  unknownApp: 4001,
  appDisabled: 4003,
  overConnectionQuota: 4004,
  unknownPath: 4005,
  malformedVersion: 4006,
  unsupportedVersion: 4007,
  unauthorized: 4009,
  overCapacity: 4100,
  reconnect: 4200,
  pongTimeout: 4201,
  /** WebSocket: data of a kind that is not accepted (binary). */
  unsupportedData: 1003,
} as const

/** Numbers of errors that are told without closing. */
export const eventErrorCodes = { clientEventRate: 4301, watchlistTooLong: 4302 } as const

/** A refusal the client is told of. `close` ends the connection with the code; `event` leaves it open. */
export interface ProtocolError {
  readonly effect: 'event' | 'close'
  /** `null` where the protocol assigns no number. */
  readonly code: number | null
  readonly message: string
  /** The channel a subscription was refused for. */
  readonly channel?: string
}

/** A refusal that leaves the connection open. */
export function refusal(message: string, code: number | null = null): ProtocolError {
  return { effect: 'event', code, message }
}

/** A refusal of one subscription; the connection stays open. */
export function subscriptionRefusal(channel: string, message: string): ProtocolError {
  return { effect: 'event', code: null, message, channel }
}

/** A refusal that ends the connection. */
export function closing(code: number, message: string): ProtocolError {
  return { effect: 'close', code, message }
}

/** A client-supplied value, cut so that it fits into a text of bounded size. */
export function quoted(value: string, maxLength = 60): string {
  return value.length <= maxLength ? value : `${value.slice(0, maxLength)}…`
}
