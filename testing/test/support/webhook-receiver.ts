import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AppCredentials } from './auth.js'
import { hmacHex } from './auth.js'
import type { WaitOptions } from './inbox.js'
import { Inbox } from './inbox.js'

/** One event inside a webhook body. */
export interface WebhookEvent {
  readonly name: string
  readonly channel: string
  readonly [member: string]: unknown
}

/** One POST that came in. */
export interface WebhookDelivery {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  /** Header names and values as they were sent. */
  readonly rawHeaders: readonly string[]
  readonly rawBody: Buffer
  /** `Date.now()` when the body was whole. */
  readonly receivedAtMs: number
  readonly timeMs: unknown
  readonly events: readonly WebhookEvent[]
}

/** How the receiver answers one delivery: a status, or more. */
export type WebhookAnswer =
  | number
  | 'hang'
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly delayMs?: number
    }

/** A webhook endpoint on the loopback that records what it gets and answers as told. */
export class WebhookReceiver {
  /** Deliveries in order, one per POST. */
  readonly deliveries = new Inbox<WebhookDelivery>('webhook receiver', (delivery) =>
    delivery.rawBody.toString(),
  )
  /** Events in order, out of all deliveries. A delivery that is repeated adds its events again. */
  readonly events = new Inbox<WebhookEvent>('webhook receiver, events', (event) => JSON.stringify(event))

  readonly #server: http.Server
  readonly #answers: WebhookAnswer[] = []
  #answerAlways: WebhookAnswer = 200

  private constructor(server: http.Server) {
    this.#server = server
  }

  static async start(): Promise<WebhookReceiver> {
    const server = http.createServer((request, response) => {
      void receiver.#receive(request, response)
    })
    const receiver = new WebhookReceiver(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`
  }

  /** Answers the next deliveries in this way, one each; then as before. */
  answerNext(...answers: WebhookAnswer[]): void {
    this.#answers.push(...answers)
  }

  /** Answers every delivery in this way from now on. */
  answerAlways(answer: WebhookAnswer): void {
    this.#answerAlways = answer
  }

  /** Takes the first matching delivery. */
  waitFor(
    matches: (delivery: WebhookDelivery) => boolean,
    options: WaitOptions = {},
  ): Promise<WebhookDelivery> {
    return this.deliveries.next(matches, { what: 'a delivery', timeoutMs: 5_000, ...options })
  }

  /** Takes the first event of this name (and channel). */
  waitForEvent(name: string, channel?: string, options: WaitOptions = {}): Promise<WebhookEvent> {
    const what = `\`${name}\`${channel === undefined ? '' : ` of ${channel}`}`
    const matches = (event: WebhookEvent): boolean =>
      event.name === name && (channel === undefined || event.channel === channel)
    return this.events.next(matches, { what, timeoutMs: 5_000, ...options })
  }

  async #receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return // the sender gave up before its body was whole
    }
    const rawBody = Buffer.concat(chunks)
    const { time_ms: timeMs, events } = parseBody(rawBody)
    const { method = '', url: path = '', headers, rawHeaders } = request
    const answer = this.#answers.shift() ?? this.#answerAlways
    const receivedAtMs = Date.now()
    this.deliveries.push({ method, path, headers, rawHeaders, rawBody, receivedAtMs, timeMs, events })
    for (const event of events) this.events.push(event)
    if (answer === 'hang') return
    const {
      status,
      headers: answerHeaders = {},
      delayMs = 0,
    } = typeof answer === 'number' ? { status: answer } : answer
    const send = (): void => {
      response.writeHead(status, answerHeaders).end()
    }
    if (delayMs === 0) send()
    else setTimeout(send, delayMs).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

/** Whether a delivery is signed by this app over exactly its bytes. */
export function isSignedBy(delivery: WebhookDelivery, app: AppCredentials): boolean {
  const { 'x-pusher-key': key, 'x-pusher-signature': signature } = delivery.headers
  return key === app.key && signature === hmacHex(app.secret, delivery.rawBody)
}

function parseBody(rawBody: Buffer): { time_ms: unknown; events: WebhookEvent[] } {
  try {
    const { time_ms, events } = JSON.parse(rawBody.toString()) as { time_ms: unknown; events: WebhookEvent[] }
    return { time_ms, events: Array.isArray(events) ? events : [] }
  } catch {
    return { time_ms: undefined, events: [] }
  }
}
