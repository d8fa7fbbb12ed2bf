import { isChannelName, userOfChannel } from '../protocol/channel-name.js'
import { quoted } from '../protocol/errors.js'
import { isSocketId } from '../protocol/socket-id.js'
import type { AppLimits } from './app.js'

/** An event somebody wants to publish; nothing about it has been checked. */
export interface UncheckedEvent {
  readonly name: unknown
  readonly data: unknown
  readonly channels: unknown
  /** `undefined` and the empty string mean none. */
  readonly socketId?: unknown
}

/** An event that may be published. */
export interface CheckedEvent {
  readonly name: string
  readonly data: string
  /** Each channel once. */
  readonly channels: readonly string[]
  readonly exceptSocketId: string | undefined
}

/** Why an event may not be published; `tooLarge` when only the size of its data is in the way. */
export interface EventProblem {
  readonly problem: string
  readonly tooLarge: boolean
}

/**
 * Checks an event against the limits of its app. Source: protocol.md#http-events-name, protocol.md#http-events-data,
 * protocol.md#http-events-data-size, protocol.md#http-events-channels.
 */
export function checkEvent(event: UncheckedEvent, limits: AppLimits): CheckedEvent | EventProblem {
  const { name, data, channels, socketId } = event
  const invalid =
    nameProblem(name, limits) ??
    dataProblem(data) ??
    channelsProblem(channels, limits) ??
    socketIdProblem(socketId)
  if (invalid !== null) return { problem: invalid, tooLarge: false }
  const checked = {
    name: name as string,
    data: data as string,
    channels: [...new Set(channels as string[])],
    exceptSocketId: socketId === '' ? undefined : (socketId as string | undefined),
  }
  const bytes = Buffer.byteLength(checked.data)
  if (bytes <= limits.eventPayloadBytes) return checked
  const limit = String(limits.eventPayloadBytes)
  const problem = `The data of this event has ${String(bytes)} bytes, the limit is ${limit} (eventPayloadBytes)`
  return { problem, tooLarge: true }
}

function nameProblem(name: unknown, limits: AppLimits): string | null {
  if (typeof name !== 'string' || name === '') return '"name" must be a non-empty string'
  if (name.length > limits.eventNameLength) {
    const limit = String(limits.eventNameLength)
    return `The event name has ${String(name.length)} characters, the limit is ${limit} (eventNameLength)`
  }
  if (!/^pusher(?:_internal)?:/.test(name)) return null
  return `The event name '${quoted(name)}' is reserved: names must not begin with pusher: or pusher_internal:`
}

function dataProblem(data: unknown): string | null {
  return typeof data === 'string' ? null : '"data" must be a string (encode objects as JSON text)'
}

function channelsProblem(channels: unknown, limits: AppLimits): string | null {
  if (!Array.isArray(channels) || channels.length === 0) return '"channels" must be an array of channel names'
  if (channels.length > limits.channelsPerEvent) {
    const limit = String(limits.channelsPerEvent)
    return `The event goes to ${String(channels.length)} channels, the limit is ${limit} (channelsPerEvent)`
  }
  for (const channel of channels as readonly unknown[]) {
    if (typeof channel !== 'string') return `Channel names must be strings, got ${typeof channel}`
    if (!isPublishable(channel, limits)) {
      const limit = String(limits.channelNameLength)
      return `Invalid channel name '${quoted(channel)}': at most ${limit} characters of A-Z a-z 0-9 _ - = @ , . ;`
    }
  }
  return null
}

/** A channel, or the messages of one user. */
function isPublishable(channel: string, limits: AppLimits): boolean {
  return channel.startsWith('#')
    ? userOfChannel(channel) !== null
    : isChannelName(channel, limits.channelNameLength)
}

function socketIdProblem(socketId: unknown): string | null {
  if (socketId === undefined || socketId === '' || (typeof socketId === 'string' && isSocketId(socketId)))
    return null
  const given = typeof socketId === 'string' ? `'${quoted(socketId)}'` : typeof socketId
  return `"socket_id" must look like "123.456", got ${given}`
}
