import { secretOf, type App } from '../apps/app.js'
import { quoted } from '../protocol/errors.js'
import { bodyDigest, isSignatureOf, requestString, signedParameters } from '../protocol/signature.js'
import type { RequestFailureReason } from '../hub/events.js'
import type { ApiRequest } from './message.js'
import { decodePath } from './query.js'

/** How far the clocks of client and server may differ. Source: protocol.md#http-auth-timestamp. */
const TIMESTAMP_WINDOW_SECONDS = 600

/** Why a request is not believed. */
export interface Unauthorized {
  readonly reason: RequestFailureReason
  /** For the client. */
  readonly message: string
}

function unauthorized(reason: RequestFailureReason, message: string): Unauthorized {
  return { reason, message }
}

/**
 * Checks that one of the app's tokens signed the request as it arrived; `null` when it did. A refusal never holds the
 * expected signature. Source: protocol.md#http-auth-signed-string.
 */
export function authenticate(
  app: App,
  request: ApiRequest,
  parameters: ReadonlyMap<string, string>,
  nowMs: number,
): Unauthorized | null {
  const key = parameters.get('auth_key')
  if (key === undefined) return unauthorized('missing_signature', 'Missing query parameter auth_key')
  const secret = secretOf(app, key)
  if (secret === undefined)
    return unauthorized(
      'unknown_key',
      `auth_key '${quoted(key)}' is not a key of the app '${quoted(app.id)}'`,
    )
  const version = parameters.get('auth_version')
  if (version !== '1.0')
    return unauthorized('unsupported_version', `auth_version must be 1.0, got '${quoted(version ?? '')}'`)
  return (
    checkTimestamp(parameters.get('auth_timestamp'), nowMs) ??
    checkBody(request.body, parameters.get('body_md5')) ??
    checkSignature(secret, request, parameters)
  )
}

function checkTimestamp(timestamp: string | undefined, nowMs: number): Unauthorized | null {
  const now = Math.floor(nowMs / 1000)
  if (timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) {
    return unauthorized(
      'malformed_auth',
      `auth_timestamp must be Unix time in seconds, got '${quoted(timestamp ?? '')}'`,
    )
  }
  if (Math.abs(now - Number(timestamp)) <= TIMESTAMP_WINDOW_SECONDS) return null
  const window = String(TIMESTAMP_WINDOW_SECONDS)
  return unauthorized(
    'timestamp_expired',
    `Timestamp expired: auth_timestamp ${timestamp} is not within ${window} s of server time ${String(now)}`,
  )
}

function checkBody(body: Buffer, digest: string | undefined): Unauthorized | null {
  if (digest === undefined) {
    return body.length === 0
      ? null
      : unauthorized('body_mismatch', 'Missing query parameter body_md5: a request with a body must sign it')
  }
  if (digest.toLowerCase() === bodyDigest(body)) return null
  return unauthorized(
    'body_mismatch',
    `body_md5 does not match the ${String(body.length)} bytes of the body that arrived`,
  )
}

function checkSignature(
  secret: string,
  request: ApiRequest,
  parameters: ReadonlyMap<string, string>,
): Unauthorized | null {
  const signature = parameters.get('auth_signature')
  if (signature === undefined)
    return unauthorized('missing_signature', 'Missing query parameter auth_signature')
  const signed = signedParameters(parameters)
  const isSigned = (path: string | null): boolean =>
    path !== null && isSignatureOf(signature, secret, requestString(request.method, path, signed))
  // Clients sign the path as sent or before encoding it, with or without the prefix of a proxy.
  const { path, fullPath } = request
  if (isSigned(path)) return null
  const others = new Set([decodePath(path), fullPath, decodePath(fullPath)])
  others.delete(path)
  for (const other of others) if (isSigned(other)) return null
  const names = [...parameters.keys()]
    .filter((name) => name !== 'auth_signature')
    .sort()
    .join(', ')
  return unauthorized(
    'invalid_signature',
    `Invalid signature: expected the HMAC SHA256 hex digest of "${request.method}\\n${quoted(request.path, 200)}\\n` +
      `<the parameters ${quoted(names, 200)} as name=value joined by &>", but got '${quoted(signature, 80)}'`,
  )
}
