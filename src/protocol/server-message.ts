import type { ProtocolError } from './errors.js'
import { memberText, rosterText, type Member } from './presence.js'

/**
 * One encoder per message the server sends; each answers the text of a frame. The double encoding of `data` (a JSON
 * string that holds JSON) exists here and nowhere else. Source: protocol.md#wire-double-encoding.
 */

/** A pong is the same for everybody. Source: protocol.md#connection-pong. */
export const PONG = '{"event":"pusher:pong","data":{}}'

export function connectionEstablished(socketId: string, activityTimeoutSeconds: number): string {
  return frame('pusher:connection_established', undefined, {
    socket_id: socketId,
    activity_timeout: activityTimeoutSeconds,
  })
}

/** `data` is an object here, and `code` is left out when there is none. Source: protocol.md#wire-error-frame. */
export function errorMessage({ code, message }: ProtocolError): string {
  return JSON.stringify({ event: 'pusher:error', data: code === null ? { message } : { code, message } })
}

/** The additional frame of `subscriptionErrors: "both"`. Source: protocol.md#auth-subscription-error-frame. */
export function subscriptionError(channel: string, message: string): string {
  return JSON.stringify({
    event: 'pusher:subscription_error',
    channel,
    data: { type: 'AuthError', error: message, status: 401 },
  })
}

/** `roster` only for presence channels. */
export function subscriptionSucceeded(channel: string, roster: readonly Member[] | null): string {
  const data = roster === null ? '{}' : rosterText(roster)
  return event('pusher_internal:subscription_succeeded', channel, JSON.stringify(data))
}

export function memberAdded(channel: string, member: Member): string {
  return event('pusher_internal:member_added', channel, JSON.stringify(memberText(member)))
}

export function memberRemoved(channel: string, userId: string): string {
  return frame('pusher_internal:member_removed', channel, { user_id: userId })
}

export function cacheMiss(channel: string): string {
  return event('pusher:cache_miss', channel, '"{}"')
}

export function subscriptionCount(channel: string, count: number): string {
  return frame('pusher_internal:subscription_count', channel, { subscription_count: count })
}

/** `userData` is handed back exactly as it came. */
export function signinSuccess(userData: string): string {
  return frame('pusher:signin_success', undefined, { user_data: userData })
}

/** Tells watchers who came and who went; a state nobody is in is left out. Source: protocol.md#watchlist-events. */
export function watchlistEvents(online: readonly string[], offline: readonly string[]): string {
  const events: { name: string; user_ids: readonly string[] }[] = []
  if (online.length > 0) events.push({ name: 'online', user_ids: online })
  if (offline.length > 0) events.push({ name: 'offline', user_ids: offline })
  return frame('pusher_internal:watchlist_events', undefined, { events })
}

/**
 * An event of a channel. `dataLiteral` is the JSON string literal of the publisher's string, made once by the caller
 * however many channels it goes to. `userId` only for client events on presence channels.
 */
export function channelEvent(name: string, channel: string, dataLiteral: string, userId?: string): string {
  return event(name, channel, dataLiteral, userId)
}

function event(name: string, channel: string, dataLiteral: string, userId?: string): string {
  const sender = userId === undefined ? '' : `,"user_id":${JSON.stringify(userId)}`
  return `{"event":${JSON.stringify(name)},"channel":${JSON.stringify(channel)},"data":${dataLiteral}${sender}}`
}

function frame(name: string, channel: string | undefined, data: object): string {
  return JSON.stringify({ event: name, channel, data: JSON.stringify(data) })
}
