import http from 'node:http'
import https from 'node:https'
import { DEFAULT_TIMEOUT_MS } from './inbox.js'
import type { Query, SignedParts } from './http-signature.js'
import { encodeQuery, signRequest } from './http-signature.js'

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown
  /** Whether `100 Continue` came before the answer. */
  readonly continued: boolean
}

/** How a request is sent, apart from what it says. */
export interface SendOptions {
  /** Name and value pairs in the order and spelling in which they are sent. */
  readonly headers?: readonly (readonly [string, string])[]
  /** Sends the body chunked, in pieces of this many bytes. */
  readonly chunkBytes?: number
  /** Sends `Expect: 100-continue` and the body only when the server asks for it. */
  readonly expectContinue?: boolean
  readonly agent?: http.Agent
  readonly timeoutMs?: number
}

/** A signed request; whatever is left out is right. */
export interface SignedRequest extends SendOptions, Omit<SignedParts, 'path' | 'method' | 'body'> {
  /** Address of the server, `http://127.0.0.1:1234`. */
  readonly url: string
  readonly method?: string
  /** Path below `/apps/{app id}`, such as `/events`. */
  readonly path: string
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown
  /** Whole path that is signed instead. */
  readonly signedPath?: string
  /** Whole path that is sent instead. */
  readonly sentPath?: string
  readonly signedMethod?: string
  /** Body whose MD5 is signed instead. */
  readonly signedBody?: string | Uint8Array
  readonly signedQuery?: Query
  /** Auth parameters changed after signing; null leaves one out. */
  readonly tamper?: Readonly<Record<string, string | null>>
  /** The query exactly as sent, without the auth parameters, which follow behind `&`. */
  readonly sentQuery?: string
  /** Makes the whole query string out of the auth parameters; wins over `sentQuery`. */
  readonly buildQuery?: (auth: ReadonlyMap<string, string>) => string
}

/** Sends a request to the HTTP API, signed by hand, so that a test can break each part of it. */
export async function signedRequest(request: SignedRequest): Promise<HttpAnswer> {
  const { app, query = {}, method = request.body === undefined ? 'GET' : 'POST' } = request
  const body = encodeBody(request.body)
  const path = `/apps/${app.id}${request.path}`
  const auth = signRequest({
    ...request,
    method: request.signedMethod ?? method,
    path: request.signedPath ?? path,
    query: request.signedQuery ?? query,
    body: request.signedBody ?? body,
  })
  for (const [name, value] of Object.entries(request.tamper ?? {})) {
    if (value === null) auth.delete(name)
    else auth.set(name, value)
  }
  const parts = [request.sentQuery ?? encodeQuery(query), encodeQuery(Object.fromEntries(auth))]
  const queryText = request.buildQuery?.(auth) ?? parts.filter((part) => part !== '').join('&')
  const target = `${request.sentPath ?? path}${queryText === '' ? '' : `?${queryText}`}`
  return sendRequest(request.url, method, target, body, request)
}

/** Sends any HTTP request and reads the whole answer. `target` goes out as it is. */
export function sendRequest(
  url: string,
  method: string,
  target: string,
  body: string | Uint8Array = '',
  options: SendOptions = {},
): Promise<HttpAnswer> {
  const { hostname, port, protocol } = new URL(url)
  const bytes = Buffer.from(body as Uint8Array)
  const headers = options.headers?.map(([name, value]) => [name, value] as const) ?? [
    ['Content-Type', 'application/json'],
  ]
  const all = [['Host', `${hostname}:${port}`] as const, ...headers]
  if (options.expectContinue) all.push(['Expect', '100-continue'])
  if (options.chunkBytes !== undefined) all.push(['Transfer-Encoding', 'chunked'])
  else if (bytes.length > 0 || method === 'POST') all.push(['Content-Length', String(bytes.length)])
  if (options.agent === undefined) all.push(['Connection', 'close'])
  const { timeoutMs = DEFAULT_TIMEOUT_MS * 5 } = options
  const failure = new Error()
  return new Promise((resolve, reject) => {
    let continued = false
    const request = (protocol === 'https:' ? https : http).request({
      hostname,
      port,
      method,
      path: target,
      headers: all.flat(), // a flat list keeps order and spelling
      setHost: false,
      agent: options.agent ?? false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    } as unknown as https.RequestOptions)
    request.on('response', (response) => {
      readBody(response).then((text) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: parse(text),
          continued,
        })
      }, reject)
    })
    request.on('error', (cause) => {
      failure.message = `${method} ${target.split('?')[0]}: ${cause.message}`
      failure.cause = cause
      reject(failure)
    })
    const sendBody = (): void => {
      const step = options.chunkBytes ?? bytes.length
      for (let start = 0; start < bytes.length; start += step)
        request.write(bytes.subarray(start, start + step))
      request.end()
    }
    if (!options.expectContinue) {
      sendBody()
      return
    }
    request.once('continue', () => {
      continued = true
      sendBody()
    })
    request.flushHeaders()
  })
}

function encodeBody(body: unknown): string | Uint8Array {
  if (body === undefined) return ''
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
}

async function readBody(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
