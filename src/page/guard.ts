import { isIP } from 'node:net'
import { quoted } from '../protocol/errors.js'
import { isSignatureOf, sign } from '../protocol/signature.js'
import { answer, refused, type PageRequest, type PageResponse } from './message.js'

/** Who may see the page. */
export interface GuardOptions {
  /** `null` in development mode, where the page needs none. */
  readonly token: string | null
  /** The host the server listens on. */
  readonly host: string
  /** Prefix of every route; empty or `/prefix`. */
  readonly path: string
  /** `null` when the server speaks plain HTTP. */
  readonly tls: object | null
}

/** What the cookie holds is derived from the token: the token itself stands in no cookie jar. */
const COOKIE_TEXT = 'pogo-page'

/**
 * Decides whether a request may reach the page. The page can publish and sign in every app's name, so:
 *
 * - `Host` must be a name that no stranger can point at this server (a name from DNS could be rebound to it).
 * - `Origin`, where there is one, must be the page's own; a POST must show in one of two ways that it comes from there.
 * - Outside development mode the token of the printed URL is needed; it is swapped for a cookie.
 */
export class Guard {
  constructor(private readonly options: GuardOptions) {}

  /** The refusal, or the redirect that swaps the token for the cookie; `null` when the request may pass. */
  check(request: PageRequest): PageResponse | null {
    const host = parseHost(request.headers.host)
    if (host === null) return refused(403, 'This page needs a Host header with the name it was opened under')
    if (!this.#knows(host.name)) {
      const opening = `open ${this.#home(host.port)}`
      return refused(403, `This page does not answer to the name '${quoted(host.name)}': ${opening}`)
    }
    return this.#checkOrigin(request) ?? this.#checkToken(request, host.port)
  }

  #knows(name: string): boolean {
    if (['localhost', '127.0.0.1', '[::1]', inUrl(this.options.host)].includes(name)) return true
    return this.options.token !== null && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
  }

  #checkOrigin({ method, headers }: PageRequest): PageResponse | null {
    const { host = '', origin } = headers
    if (origin !== undefined) {
      const own = [`http://${host}`, `https://${host}`].map((text) => text.toLowerCase())
      if (own.includes(origin.toLowerCase())) return null
      return refused(403, `The origin '${quoted(origin)}' may not use this page: only the page itself may`)
    }
    if (method !== 'POST' || headers['sec-fetch-site'] === 'same-origin') return null
    return refused(403, 'A POST must come from the page itself: it needs an Origin header')
  }

  #checkToken({ method, path, query, headers }: PageRequest, port: string): PageResponse | null {
    const { token } = this.options
    if (token === null) return null
    const name = `pogo-page${port.replace(':', '-')}` // cookies do not know ports: one for each server of the host
    const given = path === '/' && method !== 'POST' ? new URLSearchParams(query).get('token') : null
    // Compared as signatures: equally long whatever was given, and in constant time.
    if (given && isSignatureOf(sign(given, COOKIE_TEXT), token, COOKIE_TEXT)) {
      return this.#swap(name, sign(token, COOKIE_TEXT))
    }
    if (isSignatureOf(cookie(headers.cookie, name) ?? '', token, COOKIE_TEXT)) return null
    return refused(
      401,
      'This page needs its token: open the printed URL, which the server shows when it starts',
    )
  }

  #swap(name: string, value: string): PageResponse {
    const { path, tls } = this.options
    const attributes = `Path=${path === '' ? '/' : path}; HttpOnly; SameSite=Strict${tls === null ? '' : '; Secure'}`
    return answer(303, 'text/plain; charset=utf-8', '', {
      Location: `${path}/`,
      'Set-Cookie': `${name}=${value}; ${attributes}`,
    })
  }

  /** Where the page can be opened; a server that listens everywhere is on the loopback address too. */
  #home(port: string): string {
    const { host, path, tls } = this.options
    const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : inUrl(host)
    return `${tls === null ? 'http' : 'https'}://${name}${port}${path}/`
  }
}

/** The host of a URL: IPv6 addresses stand in brackets. */
function inUrl(host: string): string {
  return (isIP(host) === 6 ? `[${host}]` : host).toLowerCase()
}

/** Name and `:port` (or nothing) of a `Host` header; `null` when it is none. */
function parseHost(header: string | undefined): { readonly name: string; readonly port: string } | null {
  const match = /^(\[[\da-f:.]+\]|[^\s:/@[\]]+)(:\d{1,5})?$/i.exec(header ?? '')
  return match === null ? null : { name: (match[1] ?? '').toLowerCase(), port: match[2] ?? '' }
}

function cookie(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(/; */).find((text) => text.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}
