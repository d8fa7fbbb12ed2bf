import { member, parseObject } from './raw-json.js'

/** Longest user id. Source: protocol.md#presence-user-id-length. */
export const MAX_USER_ID_LENGTH = 128

/** A user of a presence channel. */
export interface Member {
  readonly userId: string
  /** JSON text exactly as the application signed it; absent when it gave none. */
  readonly userInfo?: string
}

/** A signed-in user, read off the `user_data` of a sign-in. */
export interface SignedInUser {
  readonly id: string
  readonly userInfo?: string
  readonly watchlist: readonly string[]
}

/**
 * The member in a `channel_data` such as `{"user_id":"10","user_info":{"name":"Ada"}}`, or the reason it is none.
 * Ids may be strings or integers and are compared as strings. Source: protocol.md#presence-channel-data.
 */
export function parseMember(channelData: string, maxBytes: number): Member | string {
  const bytes = Buffer.byteLength(channelData)
  if (bytes > maxBytes) return `channel_data has ${String(bytes)} bytes, the limit is ${String(maxBytes)}`
  const parsed = parseObject(channelData)
  if (parsed === null) return 'channel_data must be a JSON object with a user_id'
  const id = member(parsed.value, 'user_id')
  // An integer keeps its digits: beyond 2^53 the parsed number would be another id.
  const userId = typeof id === 'number' ? parsed.raw('user_id') : id
  if (typeof userId !== 'string' || userId === '' || (typeof id === 'number' && !/^-?\d+$/.test(userId))) {
    return 'user_id must be a non-empty string or an integer'
  }
  if (userId.length > MAX_USER_ID_LENGTH) {
    return `user_id has ${String(userId.length)} characters, the limit is ${String(MAX_USER_ID_LENGTH)}`
  }
  return withInfo({ userId }, parsed.raw('user_info'))
}

/** The user in a `user_data` such as `{"id":"7","user_info":{},"watchlist":["8"]}`, or the reason it is none. */
export function parseSignedInUser(userData: string): SignedInUser | string {
  const parsed = parseObject(userData)
  if (parsed === null) return 'user_data must be a JSON object with an id'
  const id = member(parsed.value, 'id')
  if (typeof id !== 'string' || id === '') return 'the id in user_data must be a non-empty string'
  const list = member(parsed.value, 'watchlist')
  const watchlist = Array.isArray(list)
    ? list.filter((entry): entry is string => typeof entry === 'string')
    : []
  return withInfo({ id, watchlist: [...new Set(watchlist)] }, parsed.raw('user_info'))
}

function withInfo<Value extends object>(
  value: Value,
  userInfo: string | undefined,
): Value & { userInfo?: string } {
  return userInfo === undefined || userInfo === 'null' ? value : { ...value, userInfo }
}

/**
 * The JSON text a joiner gets: `{"presence":{"ids":["10"],"hash":{"10":{"name":"Ada"}},"count":1}}`; every id is a key
 * of `hash`, `null` without info. Put together as text because infos are kept as they were spelled.
 * Source: protocol.md#presence-roster.
 */
export function rosterText(members: readonly Member[]): string {
  const ids: string[] = []
  const hash: string[] = []
  for (const { userId, userInfo } of members) {
    const id = JSON.stringify(userId)
    ids.push(id)
    hash.push(`${id}:${userInfo ?? 'null'}`)
  }
  return `{"presence":{"ids":[${ids.join(',')}],"hash":{${hash.join(',')}},"count":${String(ids.length)}}}`
}

/** `{"user_id":"11","user_info":{"name":"B"}}`, for `member_added`; `user_info` is left out when there is none. */
export function memberText({ userId, userInfo }: Member): string {
  const id = JSON.stringify(userId)
  return userInfo === undefined ? `{"user_id":${id}}` : `{"user_id":${id},"user_info":${userInfo}}`
}
