import { createHash, createHmac } from 'node:crypto'

/** What signs for one app. */
export interface AppCredentials {
  readonly id: string
  readonly key: string
  readonly secret: string
}

/** Lower-case hex of HMAC-SHA256, the only digest that Pusher signatures use. */
export function hmacHex(secret: string, text: string | Uint8Array): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** `KEY:HEX` for a private or presence channel; `channelData` is the exact text that goes into the frame. */
export function channelAuth(
  app: AppCredentials,
  socketId: string,
  channel: string,
  channelData?: string,
): string {
  const tail = channelData === undefined ? '' : `:${channelData}`
  return `${app.key}:${hmacHex(app.secret, `${socketId}:${channel}${tail}`)}`
}

/** `channel_data` of a presence subscription; without `userInfo` the member has none. */
export function presenceData(userId: string | number, userInfo?: unknown): string {
  return JSON.stringify(
    userInfo === undefined ? { user_id: userId } : { user_id: userId, user_info: userInfo },
  )
}

/** `KEY:HEX` for `pusher:signin`; `userData` is the exact text that goes into the frame. */
export function userAuth(app: AppCredentials, socketId: string, userData: string): string {
  return `${app.key}:${hmacHex(app.secret, `${socketId}::user::${userData}`)}`
}

/** The key of one encrypted channel, as the auth endpoint hands it to the client. */
export function sharedSecret(channel: string, masterKeyBase64: string): string {
  return createHash('sha256').update(channel).update(Buffer.from(masterKeyBase64, 'base64')).digest('base64')
}

/** What an auth endpoint answers for a channel. */
export interface ChannelAuthorization {
  readonly auth: string
  readonly channel_data?: string
  readonly shared_secret?: string
}

/** Who an auth endpoint believes the client to be. */
export interface Identity {
  readonly userId?: string | number
  readonly userInfo?: unknown
  readonly masterKeyBase64?: string
}

/** The whole answer of an auth endpoint for any kind of channel. */
export function authorizeChannel(
  app: AppCredentials,
  socketId: string,
  channel: string,
  identity: Identity = {},
): ChannelAuthorization {
  const channelData = channel.startsWith('presence-')
    ? presenceData(identity.userId ?? socketId, identity.userInfo)
    : undefined
  const auth = channelAuth(app, socketId, channel, channelData)
  const isEncrypted = channel.startsWith('private-encrypted-') && identity.masterKeyBase64 !== undefined
  return {
    auth,
    ...(channelData === undefined ? {} : { channel_data: channelData }),
    ...(isEncrypted ? { shared_secret: sharedSecret(channel, identity.masterKeyBase64) } : {}),
  }
}

/** Whether a channel of this name needs an auth string. */
export function needsAuth(channel: string): boolean {
  return channel.startsWith('private-') || channel.startsWith('presence-')
}
