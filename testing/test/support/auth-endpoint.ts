import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AppCredentials, Identity } from './auth.js'
import { authorizeChannel, userAuth } from './auth.js'
import { Inbox } from './inbox.js'

/** One question of a client. */
export interface AuthRequest {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly socketId: string
  /** Absent when it is a sign-in. */
  readonly channel: string | undefined
}

/** An answer in place of the right one. */
export interface AuthAnswer {
  readonly status: number
  readonly body: string
}

/** The auth endpoint of an application: says yes to everything, until it is told to answer otherwise. */
export class AuthEndpoint {
  readonly requests = new Inbox<AuthRequest>('auth endpoint', ({ path, channel, socketId }) =>
    [path, channel ?? 'sign-in', socketId].join(' '),
  )

  readonly #server: http.Server
  readonly #app: AppCredentials
  readonly #identity: Identity
  #answer: AuthAnswer | undefined

  private constructor(server: http.Server, app: AppCredentials, identity: Identity) {
    this.#server = server
    this.#app = app
    this.#identity = identity
  }

  /** Starts an endpoint that signs for this app, and takes everybody for this user. */
  static async start(app: AppCredentials, identity: Identity = {}): Promise<AuthEndpoint> {
    const server = http.createServer((request, response) => {
      void endpoint.#handle(request, response)
    })
    const endpoint = new AuthEndpoint(server, app, identity)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return endpoint
  }

  /** Address for channels; sign-ins may go to the same one. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/broadcasting/auth`
  }

  /** Gives this answer to everything from now on; undefined makes it right again. */
  answerWith(answer: AuthAnswer | undefined): void {
    this.#answer = answer
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const socketId = form.get('socket_id') ?? ''
    const channel = form.get('channel_name') ?? undefined
    const answer = this.#answer ?? { status: 200, body: JSON.stringify(this.#sign(socketId, channel)) }
    this.requests.push({ path: request.url ?? '', headers: request.headers, socketId, channel })
    response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body)
  }

  #sign(socketId: string, channel: string | undefined): unknown {
    if (channel !== undefined) return authorizeChannel(this.#app, socketId, channel, this.#identity)
    const { userId = 'user', userInfo } = this.#identity
    const userData = JSON.stringify({ id: String(userId), user_info: userInfo })
    return { auth: userAuth(this.#app, socketId, userData), user_data: userData }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}
