/** What a channel demands and offers, read off the prefix of its name. Source: protocol.md#channels-kinds. */
export type ChannelKind = 'public' | 'private' | 'private-encrypted' | 'presence'

const NAME = /^[A-Za-z0-9_\-=@,.;]+$/
const USER_CHANNEL_PREFIX = '#server-to-user-'

/** The kind of a channel. A prefix counts only with its dash: `privateer` is public. */
export function channelKind(name: string): ChannelKind {
  if (name.startsWith('presence-')) return 'presence'
  if (name.startsWith('private-encrypted-')) return 'private-encrypted'
  if (name.startsWith('private-')) return 'private'
  return 'public'
}

/** Whether the channel keeps its last event for later subscribers. */
export function isCacheChannel(name: string): boolean {
  return /^(?:private-encrypted-|private-|presence-)?cache-/.test(name)
}

/** Whether a name may be subscribed or published to; user channels (`#…`) are not among them. */
export function isChannelName(name: string, maxLength: number): boolean {
  return name.length <= maxLength && NAME.test(name)
}

/** The channel that carries messages to one signed-in user. Source: protocol.md#users-server-to-user. */
export function userChannel(userId: string): string {
  return USER_CHANNEL_PREFIX + userId
}

/** The user a user channel belongs to, or `null` when `name` is no valid user channel. */
export function userOfChannel(name: string): string | null {
  if (!name.startsWith(USER_CHANNEL_PREFIX)) return null
  const userId = name.slice(USER_CHANNEL_PREFIX.length)
  return isUserId(userId) ? userId : null
}

/** A user id becomes part of a channel name, so it shares its alphabet; at most 128 characters. */
export function isUserId(userId: string): boolean {
  return userId.length <= 128 && NAME.test(userId)
}
