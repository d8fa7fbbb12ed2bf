import { createServer } from 'pogo-websocket'
import type { AppCredentials, Identity } from './auth.js'
import { authorizeChannel, needsAuth, userAuth } from './auth.js'
import type { HttpAnswer, SignedRequest } from './http-client.js'
import { sendRequest, signedRequest } from './http-client.js'
import type { ReceivedFrame, RawClientOptions } from './raw-client.js'
import { RawClient } from './raw-client.js'

type ServerOptions = NonNullable<Parameters<typeof createServer>[0]>
type AppOptions = NonNullable<ServerOptions['apps']>[number]

/** Credentials of the first app of every test server. */
export const app1: AppCredentials = { id: 'app1', key: 'key1', secret: 'secret1' }
/** Credentials of the second app; the two share nothing. */
export const app2: AppCredentials = { id: 'app2', key: 'key2', secret: 'secret2' }

/** Options of the server, and of its two apps beside their credentials. */
export interface TestServerOptions extends Partial<Omit<ServerOptions, 'apps'>> {
  readonly app1?: Partial<AppOptions>
  readonly app2?: Partial<AppOptions>
  readonly moreApps?: readonly AppOptions[]
}

/** What a subscription says beside its channel; the auth string is right unless told otherwise. */
export interface SubscribeOptions extends Identity {
  readonly app?: AppCredentials
  /** Members of the frame's `data`, replacing the right ones; undefined leaves one out. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** A real server on a free port with the apps `app1` and `app2`. */
export class TestServer {
  /** The server itself. */
  readonly server: ReturnType<typeof createServer>

  constructor(server: ReturnType<typeof createServer>) {
    this.server = server
  }

  get port(): number {
    return this.server.port
  }

  /** `http://127.0.0.1:1234` */
  get url(): string {
    return this.server.url
  }

  /** `ws://127.0.0.1:1234` */
  get wsUrl(): string {
    return this.url.replace(/^http/, 'ws')
  }

  /** The address that clients of an app use. */
  appUrl(key: string = app1.key, query = 'protocol=7&client=test&version=1'): string {
    return `${this.wsUrl}/app/${key}?${query}`
  }

  /** A raw client that is connected and established. */
  async connect(key: string = app1.key, options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(this.appUrl(key), options)
    try {
      await client.established()
      return client
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  /** A signed request to the HTTP API of `app1`, unless told otherwise. */
  api(path: string, request: Partial<Omit<SignedRequest, 'url' | 'path'>> = {}): Promise<HttpAnswer> {
    return signedRequest({ app: app1, ...request, url: this.url, path })
  }

  /** A request without a signature. */
  get(target: string): Promise<HttpAnswer> {
    return sendRequest(this.url, 'GET', target)
  }

  /** Publishes over the HTTP API and fails unless the answer is 200. */
  async publish(
    channels: string | readonly string[],
    name: string,
    data: unknown,
    more: Readonly<Record<string, unknown>> = {},
    app: AppCredentials = app1,
  ): Promise<unknown> {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    const body = { name, data: text, channels: typeof channels === 'string' ? [channels] : channels, ...more }
    const answer = await this.api('/events', { app, body })
    if (answer.status !== 200) throw new Error(`publish answered ${answer.status}: ${answer.text}`)
    return answer.json
  }

  async close(): Promise<void> {
    await this.server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Starts a server; close it with `await using`. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { app1: first = {}, app2: second = {}, moreApps = [], ...rest } = options
  const apps = [
    { ...app1, clientEvents: true, ...first },
    { ...app2, clientEvents: true, ...second },
    ...moreApps,
  ]
  const server = createServer({ host: '127.0.0.1', port: 0, ...rest, apps })
  await server.listen()
  return new TestServer(server)
}

/** Options that switch on everything an app can offer. */
export function everythingOn(): Pick<TestServerOptions, 'app1' | 'app2'> {
  const all: Partial<AppOptions> = { clientEvents: true, subscriptionCount: true, watchlist: true }
  return { app1: all, app2: all }
}

/** Sends `pusher:subscribe`, signed where the channel needs it. */
export function sendSubscribe(client: RawClient, channel: string, options: SubscribeOptions = {}): void {
  const { app = app1, data = {}, ...identity } = options
  const auth = needsAuth(channel) ? authorizeChannel(app, client.socketId, channel, identity) : {}
  client.send({ event: 'pusher:subscribe', data: { channel, ...auth, ...data } })
}

/** Subscribes and waits for the success frame, which it answers. */
export async function subscribe(
  client: RawClient,
  channel: string,
  options: SubscribeOptions = {},
): Promise<ReceivedFrame> {
  sendSubscribe(client, channel, options)
  return client.next(isSuccess(channel), { what: `the success of ${channel}` })
}

/** Whether a frame is the success of subscribing to this channel. */
export function isSuccess(channel: string): (frame: ReceivedFrame) => boolean {
  return (frame) => frame.event === 'pusher_internal:subscription_succeeded' && frame.channel === channel
}

/** Whether a frame is this event on this channel. */
export function isEvent(channel: string, name: string): (frame: ReceivedFrame) => boolean {
  return (frame) => frame.event === name && frame.channel === channel
}

/** Signs in with right credentials and waits for the success. */
export async function signIn(
  client: RawClient,
  user: Readonly<Record<string, unknown>> & { readonly id: string },
  app: AppCredentials = app1,
): Promise<ReceivedFrame> {
  const userData = JSON.stringify(user)
  client.send({
    event: 'pusher:signin',
    data: { auth: userAuth(app, client.socketId, userData), user_data: userData },
  })
  return client.next('pusher:signin_success')
}

/**
 * Checks the catalogue's "refused": a `pusher:error`, no success, and a connection that still answers.
 * Answers the error frame.
 */
export async function expectRefused(client: RawClient, channel?: string): Promise<ReceivedFrame> {
  const error = await client.next('pusher:error')
  await client.expectNothing(
    (frame) => frame.event.endsWith('_success') || (channel !== undefined && isSuccess(channel)(frame)),
  )
  return error
}
