import { secretOf, type App } from '../apps/app.js'
import type {
  AuthorizationResult,
  Authorizer,
  ChannelAuthorization,
  UserAuthentication,
} from '../contracts.js'
import { quoted } from '../protocol/errors.js'
import { channelString, isSignatureOf, parseAuth, userString } from '../protocol/signature.js'

/**
 * Believes what the client brings if one of the app's tokens signed it. Texts never hold the expected signature.
 * Source: protocol.md#auth-check-order.
 */
export const signatureAuthorizer: Authorizer = {
  authorizeChannel({
    app,
    socketId,
    channel,
    auth,
    channelData,
  }: ChannelAuthorization): Promise<AuthorizationResult> {
    const subject = `<socket_id>:${channel}${channelData === undefined ? '' : ':<channel_data>'}`
    const text = channelString(socketId, channel, channelData)
    return Promise.resolve(check(app, auth, text, subject, `subscription to ${channel}`, channelData))
  },

  authenticateUser({ app, socketId, auth, userData }: UserAuthentication): Promise<AuthorizationResult> {
    const text = userString(socketId, userData)
    return Promise.resolve(check(app, auth, text, '<socket_id>::user::<user_data>', 'sign-in', undefined))
  },
}

function check(
  app: App,
  auth: unknown,
  text: string,
  subject: string,
  purpose: string,
  channelData: string | undefined,
): AuthorizationResult {
  if (auth === undefined || auth === null || auth === '') {
    return { ok: false, reason: 'missing_signature', message: `Auth value for ${purpose} is missing` }
  }
  const parts = parseAuth(auth)
  if (parts === null) {
    const message = `Auth value for ${purpose} is invalid: should be of format 'key:signature'`
    return { ok: false, reason: 'malformed_auth', message }
  }
  const secret = secretOf(app, parts.key)
  if (secret === undefined) {
    const message = `Invalid key in auth value for ${purpose}: '${quoted(parts.key)}' is not a key of this app`
    return { ok: false, reason: 'unknown_key', message }
  }
  if (!isSignatureOf(parts.signature, secret, text)) {
    const message = `Invalid signature for ${purpose}: expected the HMAC SHA256 hex digest of ${subject}, but got '${quoted(parts.signature, 80)}'`
    return { ok: false, reason: 'invalid_signature', message }
  }
  return { ok: true, channelData }
}
