import { createHash } from 'node:crypto'
import type { AppCredentials } from './auth.js'
import { hmacHex } from './auth.js'

/** Query parameters of a request; a list becomes `name[]=a&name[]=b` in the URL and `name=a,b` in the signed text. */
export type Query = Readonly<Record<string, string | readonly string[]>>

/** What is signed; the request that is sent may differ. */
export interface SignedParts {
  readonly app: AppCredentials
  readonly method: string
  /** The whole path, `/apps/…`, as it enters the signed text. */
  readonly path: string
  readonly query?: Query
  readonly body?: string | Uint8Array
  /** Unix seconds. */
  readonly timestamp?: number
  /** Auth parameters that replace the right ones before signing, so that the signature covers them; null leaves one out. */
  readonly auth?: Readonly<Record<string, string | null>>
}

/** The `auth_…` parameters of a request (Pusher HTTP API, "Authentication"), in the order in which libraries send them. */
export function signRequest(parts: SignedParts): Map<string, string> {
  const { app, method, path, query = {}, body = '', timestamp = Math.floor(Date.now() / 1000) } = parts
  const params = new Map<string, string>([
    ['auth_key', app.key],
    ['auth_timestamp', String(timestamp)],
    ['auth_version', '1.0'],
  ])
  if (body.length > 0) params.set('body_md5', createHash('md5').update(body).digest('hex'))
  for (const [name, value] of Object.entries(parts.auth ?? {})) {
    if (value === null) params.delete(name)
    else params.set(name, value)
  }
  const signed = new Map(params)
  for (const [name, value] of Object.entries(query)) {
    signed.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(','))
  }
  const names = [...signed.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const text = [method, path, names.map((name) => `${name}=${signed.get(name)}`).join('&')].join('\n')
  return params.set('auth_signature', hmacHex(app.secret, text))
}

/** A query string with each name and value percent-encoded. */
export function encodeQuery(query: Query): string {
  return Object.entries(query)
    .flatMap(([name, value]) =>
      typeof value === 'string'
        ? [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`]
        : value.map((item) => `${encodeURIComponent(name)}[]=${encodeURIComponent(item)}`),
    )
    .join('&')
}
