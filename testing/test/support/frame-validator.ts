/** A frame of the server as JSON, after the check. */
export interface WireMessage {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly user_id?: string
}

const SOCKET_ID = /^\d+\.\d+$/
/** Frames of the server whose `data` may be an object or a string, or absent. */
const LOOSE = new Set([
  'pusher:error',
  'pusher:pong',
  'pusher:ping',
  'pusher:signin_success',
  'pusher:subscription_error',
])

/**
 * Checks what every frame of a Pusher server has to keep (docs: Channels protocol, "Double encoding"): a JSON object with
 * an `event`, `data` as a string everywhere but in a few `pusher:` events, and no member that nobody documented.
 *
 * @throws Error with the frame's text.
 */
export function checkServerFrame(text: string): WireMessage {
  const refuse = (why: string): never => {
    throw new Error(`The server sent a frame that breaks the protocol: ${why}\n  ${text.slice(0, 2_000)}`)
  }
  let message: Record<string, unknown>
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      return refuse('not a JSON object')
    message = parsed as Record<string, unknown>
  } catch {
    return refuse('not JSON')
  }
  const { event, channel, data } = message
  if (typeof event !== 'string' || event === '') return refuse('`event` is not a string')
  for (const name of Object.keys(message)) {
    if (!['event', 'channel', 'data', 'user_id'].includes(name)) refuse(`unknown member \`${name}\``)
  }
  if ('channel' in message && typeof channel !== 'string') refuse('`channel` is not a string')
  if ('user_id' in message && typeof message.user_id !== 'string') refuse('`user_id` is not a string')
  if (LOOSE.has(event)) {
    if (data !== undefined && typeof data !== 'string' && (typeof data !== 'object' || data === null)) {
      refuse('`data` is neither object nor string')
    }
    if (event === 'pusher:error') checkError(data, refuse)
  } else if (event === 'pusher:cache_miss') {
    if (typeof channel !== 'string') refuse('a cache miss without its channel')
    if (data !== undefined && typeof data !== 'string') refuse('`data` is not a string')
  } else {
    if (typeof data !== 'string') return refuse('`data` is not a string')
    if (event === 'pusher:connection_established') checkEstablished(data, refuse)
    else if (event.startsWith('pusher_internal:')) checkInternal(event, channel, data, refuse)
    else if (event.startsWith('pusher:')) refuse('unknown `pusher:` event')
    else if (typeof channel !== 'string') refuse('an event without its channel')
  }
  return message as unknown as WireMessage
}

type Refuse = (why: string) => never

function checkError(data: unknown, refuse: Refuse): void {
  const error = parseObject(data, refuse)
  if (typeof error.message !== 'string' || error.message === '') refuse('an error without a message')
  const code = error.code
  if (code !== undefined && code !== null && !Number.isInteger(code))
    refuse('an error whose code is no integer')
}

function checkEstablished(data: string, refuse: Refuse): void {
  const established = parseObject(data, refuse)
  if (!SOCKET_ID.test(String(established.socket_id))) refuse('`socket_id` is not two numbers with a dot')
  const timeout = established.activity_timeout
  if (!Number.isInteger(timeout) || Number(timeout) <= 0)
    refuse('`activity_timeout` is not a positive integer')
}

function checkInternal(event: string, channel: unknown, data: string, refuse: Refuse): void {
  const inner = parseObject(data, refuse)
  if (event === 'pusher_internal:watchlist_events') return
  if (typeof channel !== 'string') return refuse('an internal event without its channel')
  if (event.startsWith('pusher_internal:member_') && typeof inner.user_id !== 'string') {
    refuse('a member event whose `user_id` is not a string')
  }
  if (event === 'pusher_internal:subscription_succeeded' && channel.startsWith('presence-')) {
    const { ids, hash, count } = parseObject(inner.presence, refuse)
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string'))
      return refuse('`ids` is not a list of strings')
    if (typeof hash !== 'object' || hash === null || Array.isArray(hash))
      return refuse('`hash` is not an object')
    if (new Set(ids).size !== ids.length || count !== ids.length)
      refuse('`count` is not the number of distinct ids')
    if (Object.keys(hash).length !== ids.length || !ids.every((id) => Object.hasOwn(hash, id))) {
      refuse('`hash` and `ids` name different members')
    }
  }
}

function parseObject(value: unknown, refuse: Refuse): Record<string, unknown> {
  let parsed: unknown = value
  try {
    if (typeof value === 'string') parsed = JSON.parse(value)
  } catch {
    refuse('`data` does not hold JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return refuse('`data` does not hold an object')
  return parsed as Record<string, unknown>
}
