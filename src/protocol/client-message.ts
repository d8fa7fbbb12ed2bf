import { refusal, quoted, type ProtocolError } from './errors.js'
import { isObject, member, parseObject, type RawObject } from './raw-json.js'

/** What a client asks for, with every member checked for its type. */
export type ClientMessage =
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | SubscribeMessage
  | { readonly type: 'unsubscribe'; readonly channel: string }
  | { readonly type: 'signin'; readonly auth: unknown; readonly userData: string }
  | ClientEventMessage

export interface SubscribeMessage {
  readonly type: 'subscribe'
  readonly channel: string
  /** Unchecked: public channels ignore it. */
  readonly auth: unknown
  /** The exact character string that was signed. */
  readonly channelData: string | undefined
}

export interface ClientEventMessage {
  readonly type: 'client_event'
  readonly event: string
  readonly channel: string
  /** `data` as a JSON string literal that receivers get: a string as it was spelled, anything else spelled inside one. */
  readonly dataLiteral: string
}

/**
 * One text frame of a client, e.g. `{"event":"pusher:subscribe","data":{"channel":"news"}}`, as a message or as the
 * refusal to answer with. Never throws. Source: protocol.md#wire-client-frame.
 */
export function parseClientMessage(text: string): ClientMessage | ProtocolError {
  const frame = parseObject(text)
  if (frame === null) return refusal('Invalid message: expected a JSON object with an "event"')
  const event = member(frame.value, 'event')
  if (typeof event !== 'string' || event === '') return refusal('Invalid message: "event" must be a string')
  switch (event) {
    case 'pusher:ping':
      return { type: 'ping' }
    case 'pusher:pong':
      return { type: 'pong' }
    case 'pusher:subscribe':
      return parseSubscribe(frame)
    case 'pusher:unsubscribe': {
      const channel = member(dataObject(frame) ?? {}, 'channel')
      return typeof channel === 'string'
        ? { type: 'unsubscribe', channel }
        : refusal('Invalid pusher:unsubscribe: "data.channel" must be a string')
    }
    case 'pusher:signin':
      return parseSignin(frame)
    default:
      if (event.startsWith('client-')) return parseClientEvent(event, frame)
      return refusal(`Unsupported event received on socket: '${quoted(event)}'`)
  }
}

/** Whether the result of {@link parseClientMessage} is a refusal. */
export function isRefusal(result: ClientMessage | ProtocolError): result is ProtocolError {
  return 'effect' in result
}

function parseSubscribe(frame: RawObject): SubscribeMessage | ProtocolError {
  const data = dataObject(frame)
  const channel = member(data ?? {}, 'channel')
  if (data === null || typeof channel !== 'string' || channel === '') {
    return refusal('Invalid pusher:subscribe: "data.channel" must be a channel name')
  }
  const channelData = member(data, 'channel_data')
  if (channelData !== undefined && channelData !== null && typeof channelData !== 'string') {
    return refusal(`Invalid pusher:subscribe to ${quoted(channel)}: "channel_data" must be a string`)
  }
  return { type: 'subscribe', channel, auth: member(data, 'auth'), channelData: channelData ?? undefined }
}

function parseSignin(frame: RawObject): ClientMessage | ProtocolError {
  const data = dataObject(frame) ?? {}
  const userData = member(data, 'user_data')
  if (typeof userData !== 'string') return refusal('Invalid pusher:signin: "data.user_data" must be a string')
  return { type: 'signin', auth: member(data, 'auth'), userData }
}

function parseClientEvent(event: string, frame: RawObject): ClientEventMessage | ProtocolError {
  const channel = member(frame.value, 'channel')
  const data = frame.raw('data')
  if (typeof channel !== 'string' || channel === '' || data === undefined) {
    return refusal('Invalid client event (must contain channel and data)')
  }
  const dataLiteral = data.startsWith('"') ? data : JSON.stringify(data)
  return { type: 'client_event', event, channel, dataLiteral }
}

/** `data` as an object; a JSON string that holds one is accepted as well. Source: protocol.md#wire-data-as-string. */
function dataObject(frame: RawObject): Record<string, unknown> | null {
  const data = member(frame.value, 'data')
  if (isObject(data)) return data
  return typeof data === 'string'
    ? ((parseObject(data)?.value as Record<string, unknown> | undefined) ?? null)
    : null
}
