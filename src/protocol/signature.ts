import { hash, timingSafeEqual } from 'node:crypto'
import { hmacSha256 } from './hmac.js'

/** Lower-case hex HMAC-SHA256, the only signature of the protocol. */
export function sign(secret: string, text: string | Buffer): string {
  return hmacSha256(secret, text)
}

/** Whether `signature` is the one that belongs to `text`; takes the same time however much of it is right. */
export function isSignatureOf(signature: string, secret: string, text: string | Buffer): boolean {
  const given = Buffer.from(signature)
  // Lengths first: timingSafeEqual throws when they differ.
  return given.length === 64 && timingSafeEqual(Buffer.from(sign(secret, text)), given)
}

/** The signed string of a channel subscription; `channelData` whenever the client sends one. Source: protocol.md#auth-signed-string. */
export function channelString(socketId: string, channel: string, channelData: string | undefined): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`
}

/** The signed string of a sign-in. Source: protocol.md#users-signed-string. */
export function userString(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`
}

/**
 * The signed string of an HTTP API request, with {@link signedParameters}.
 * Source: protocol.md#http-auth-signed-string.
 */
export function requestString(method: string, path: string, parameters: string): string {
  return `${method}\n${path}\n${parameters}`
}

/**
 * Parameters as they are signed: all but the signature, sorted by name, joined unescaped. Names and values are decoded,
 * names in lower case.
 */
export function signedParameters(parameters: ReadonlyMap<string, string>): string {
  let text = ''
  for (const name of [...parameters.keys()].sort()) {
    if (name === 'auth_signature') continue
    text += `${text === '' ? '' : '&'}${name}=${parameters.get(name) ?? ''}`
  }
  return text
}

/** Lower-case hex MD5 of a request body. */
export function bodyDigest(body: Buffer): string {
  return hash('md5', body)
}

/** `auth` in its two parts, or `null` when it is not of the form `key:signature`. Split at the first colon. */
export function parseAuth(auth: unknown): { readonly key: string; readonly signature: string } | null {
  if (typeof auth !== 'string') return null
  const colon = auth.indexOf(':')
  if (colon <= 0 || colon === auth.length - 1) return null
  return { key: auth.slice(0, colon), signature: auth.slice(colon + 1) }
}
