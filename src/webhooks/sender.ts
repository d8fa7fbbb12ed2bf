import http from 'node:http'
import https from 'node:https'
import type { Clock } from '../clock.js'
import type { WebhookDelivery } from '../contracts.js'

/** How one attempt ended. `cause` names why it failed, without payload or credentials. */
export type Attempt = { readonly ok: true } | { readonly ok: false; readonly cause: string }

/** Makes single attempts. `send` must not reject; after `close` every attempt fails at once. */
export interface WebhookSender {
  send(delivery: WebhookDelivery): Promise<Attempt>
  close(): void
}

/** What is read of an answer; its body is of no use and only read so that the connection can be used again. */
const MAX_ANSWER_BYTES = 65_536

/** How long a connection is kept for the next request. */
const KEEP_ALIVE_MS = 15_000

/**
 * One POST per attempt through `node:http(s)`, which, unlike `fetch`, sends exactly the given headers and follows no
 * redirect. An attempt succeeds when a 2xx status comes within the endpoint's `timeoutMs`; the rest of the answer is read
 * up to 64 KiB and for what is left of that time. Connections are kept open between requests.
 * Source: protocol.md#webhooks-retry.
 */
export class HttpSender implements WebhookSender {
  readonly #agents = {
    http: new http.Agent({ keepAlive: true, timeout: KEEP_ALIVE_MS }),
    https: new https.Agent({ keepAlive: true, timeout: KEEP_ALIVE_MS }),
  }
  readonly #open = new Set<http.ClientRequest>()
  #isClosed = false

  constructor(private readonly clock: Clock) {}

  send(delivery: WebhookDelivery): Promise<Attempt> {
    const { timeoutMs } = delivery.endpoint
    return new Promise((resolve) => {
      let request: http.ClientRequest | null = null
      const timer = this.clock.after(timeoutMs, () => {
        request?.destroy(new Error(`no answer within ${timeoutMs} ms`))
      })
      const end = (attempt: Attempt): void => {
        timer.cancel()
        resolve(attempt)
      }
      const attempt = (): void => {
        if (this.#isClosed) {
          end({ ok: false, cause: 'the server is shutting down' })
          return
        }
        try {
          request = this.#request(delivery, attempt, end)
        } catch (error) {
          end({ ok: false, cause: causeOf(error) }) // a URL or header that no request can have
        }
      }
      attempt()
    })
  }

  /** Ends every attempt and every connection at once. */
  close(): void {
    this.#isClosed = true
    for (const request of this.#open) request.destroy(new Error('the server is shutting down'))
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  #request(
    delivery: WebhookDelivery,
    again: () => void,
    end: (attempt: Attempt) => void,
  ): http.ClientRequest {
    const url = new URL(delivery.endpoint.url)
    const body = Buffer.from(delivery.body)
    const [client, agent] =
      url.protocol === 'https:' ? [https, this.#agents.https] : [http, this.#agents.http]
    const headers = {
      'User-Agent': 'pogo-websocket',
      ...delivery.headers,
      'Content-Length': String(body.length),
    }
    const request = client.request(url, { method: 'POST', agent, headers })
    let status: number | null = null
    let failure: unknown = new Error('the connection was closed without an answer')
    request.on('response', (response) => {
      status = response.statusCode ?? 0
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) request.destroy()
      })
      // The status has decided already; an answer that is cut off changes nothing.
      response.on('error', () => undefined)
    })
    request.on('error', (error) => {
      failure = error
    })
    request.on('close', () => {
      this.#open.delete(request)
      if (status !== null) end(verdict(status))
      // The receiver closed a kept connection in the moment it was used again: no fault of the delivery.
      else if (request.reusedSocket && (codeOf(failure) === 'ECONNRESET' || codeOf(failure) === 'EPIPE'))
        again()
      else end({ ok: false, cause: causeOf(failure) })
    })
    this.#open.add(request)
    request.end(body)
    return request
  }
}

/** What may stand in a log of an endpoint: no path, query or credentials. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'invalid URL'
}

function verdict(status: number): Attempt {
  return status >= 200 && status < 300 ? { ok: true } : { ok: false, cause: `status ${status}` }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Codes are stable and say it; texts only where there is no code, since some quote what they were given. */
function causeOf(error: unknown): string {
  const code = codeOf(error)
  if (typeof code === 'string') return code
  return error instanceof Error ? error.message : 'unknown'
}
