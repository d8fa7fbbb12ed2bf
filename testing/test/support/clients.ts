import EchoClass from 'laravel-echo'
import PusherServerSdk from 'pusher'
import type { Channel, Options, PresenceChannel } from 'pusher-js'
import pusherModule from 'pusher-js'
import type { AppCredentials, Identity } from './auth.js'
import { authorizeChannel, userAuth } from './auth.js'
import type { WaitOptions } from './inbox.js'
import { Inbox } from './inbox.js'
import { app1 } from './test-server.js'

/** pusher-js, Node build. Its types describe an ES module; what Node loads is the class itself. */
export const PusherJs = pusherModule as unknown as typeof pusherModule.default
/** An instance of pusher-js. */
export type PusherJs = InstanceType<typeof PusherJs>
export type { Channel, PresenceChannel }

/** A master key for encrypted channels. */
export const masterKeyBase64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

/** Where a client connects to: a test server, or a proxy in front of it. */
export interface ClientTarget {
  readonly port: number
}

/** Who the client is, and what differs from an ordinary one. */
export interface PusherJsOptions extends Identity {
  readonly app?: AppCredentials
  /** Key to connect with, when it is not the app's. */
  readonly key?: string
  /** Members of the user's data at sign-in, beside its id. */
  readonly userData?: Readonly<Record<string, unknown>>
  /** Options of pusher-js, replacing those of the tests. */
  readonly options?: Partial<Options>
}

/** Options that point pusher-js at a local server and sign in the process, without an auth endpoint. */
export function pusherJsOptions(target: ClientTarget, who: PusherJsOptions = {}): Options {
  const { app = app1, userId = 'user', userInfo, userData, options = {} } = who
  const user = JSON.stringify({ id: String(userId), user_info: userInfo, ...userData })
  return {
    cluster: 'local',
    wsHost: '127.0.0.1',
    wsPort: target.port,
    wssPort: target.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, callback) => {
        const answer = authorizeChannel(app, socketId, channelName, { masterKeyBase64, ...who, userId })
        queueMicrotask(() => {
          callback(null, answer)
        }) // later, as from any endpoint: an error at once would come before the test can bind to it
      },
    },
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId }, callback) => {
        callback(null, { auth: userAuth(app, socketId, user), user_data: user })
      },
    },
    ...options,
  }
}

/** A real pusher-js with everything its connection says. */
export class PusherJsClient {
  readonly pusher: PusherJs
  /** States in order, as `previous>current`. */
  readonly states = new Inbox<string>('pusher-js states', String)
  /** Errors of the connection. */
  readonly errors = new Inbox<unknown>('pusher-js errors', (error) => JSON.stringify(error))
  /** Every message of the server as pusher-js decoded it. */
  readonly messages = new Inbox<PusherMessage>('pusher-js messages', (message) => JSON.stringify(message))

  constructor(pusher: PusherJs) {
    this.pusher = pusher
    const { connection } = pusher
    connection.bind('state_change', ({ previous, current }: { previous: string; current: string }) => {
      this.states.push(`${previous}>${current}`)
    })
    connection.bind('error', (error: unknown) => {
      this.errors.push(error)
    })
    connection.bind('message', (message: PusherMessage) => {
      this.messages.push(message)
    })
  }

  get socketId(): string {
    return this.pusher.connection.socket_id
  }

  get state(): string {
    return this.pusher.connection.state
  }

  /** Waits until the connection is in this state; a state that came and went counts as reached. */
  async reach(state: string, options: WaitOptions = {}): Promise<void> {
    if (this.state === state) return
    await this.states.next((change) => change.endsWith(`>${state}`), { what: `state ${state}`, ...options })
  }

  /** Waits for the next change to this state, even when it is in it now. */
  async nextState(state: string, options: WaitOptions = {}): Promise<void> {
    await this.states.next((change) => change.endsWith(`>${state}`), {
      what: `a change to ${state}`,
      ...options,
    })
  }

  /** Subscribes and waits for the success, or fails with the channel's error. */
  async subscribe(name: string): Promise<Channel> {
    const channel = this.pusher.subscribe(name)
    if (channel.subscribed) return channel
    const results = record(channel, 'pusher:subscription_succeeded', 'pusher:subscription_error')
    const { event, data } = await results.next(() => true, { what: `the success of ${name}` })
    if (event === 'pusher:subscription_error') throw new Error(`${name}: ${JSON.stringify(data)}`)
    return channel
  }

  /** As `subscribe`, for a presence channel. */
  async join(name: string): Promise<PresenceChannel> {
    return (await this.subscribe(name)) as unknown as PresenceChannel
  }

  /** Resolves when the server has answered everything sent before, measured by a `pusher:ping`. */
  async barrier(): Promise<void> {
    this.pusher.send_event('pusher:ping', {})
    await this.messages.next(({ event }) => event === 'pusher:pong', {
      what: 'the `pusher:pong` of the barrier',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await disconnect(this.pusher)
  }
}

/** A message as pusher-js shows it in the connection's `message` event. */
export interface PusherMessage {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly user_id?: string
}

/** Makes a pusher-js client, which starts to connect at once. */
export function pusherJs(target: ClientTarget, who: PusherJsOptions = {}): PusherJsClient {
  return new PusherJsClient(new PusherJs(who.key ?? (who.app ?? app1).key, pusherJsOptions(target, who)))
}

/** Makes a pusher-js client and waits until it is connected. */
export async function connectPusherJs(
  target: ClientTarget,
  who: PusherJsOptions = {},
): Promise<PusherJsClient> {
  const client = pusherJs(target, who)
  await client.reach('connected')
  return client
}

/** Laravel Echo on top of a pusher-js client. */
export class EchoClient extends PusherJsClient {
  readonly echo: EchoClass<'pusher' | 'reverb'>

  constructor(echo: EchoClass<'pusher' | 'reverb'>) {
    super((echo.connector as { readonly pusher: PusherJs }).pusher)
    this.echo = echo
  }
}

/** Makes a Laravel Echo that creates its own pusher-js, and waits until it is connected. */
export async function connectEcho(
  target: ClientTarget,
  who: PusherJsOptions & { readonly broadcaster?: 'pusher' | 'reverb' } = {},
): Promise<EchoClient> {
  const { broadcaster = 'pusher' } = who
  const { key } = who.app ?? app1
  const options = {
    ...pusherJsOptions(target, who),
    broadcaster,
    key,
    Pusher: PusherJs,
    withoutInterceptors: true,
  }
  const client = new EchoClient(new EchoClass(options as never))
  await client.reach('connected')
  return client
}

/** The official Node SDK, pointed at a test server. It holds nothing open. */
export function nodeSdk(target: ClientTarget, app: AppCredentials = app1): PusherServerSdk {
  return new PusherServerSdk({
    appId: app.id,
    key: app.key,
    secret: app.secret,
    host: '127.0.0.1',
    port: String(target.port),
    useTLS: false,
    encryptionMasterKeyBase64: masterKeyBase64,
  })
}

/** One call of a handler. */
export interface RecordedEvent {
  readonly event: string
  readonly data: unknown
  /** Second argument of a channel's handler, such as `{ user_id }`. */
  readonly metadata: unknown
}

/** Anything of pusher-js that events can be bound to: channels, the connection, the user, the watchlist. */
export interface Bindable {
  bind(event: string, handler: (data: unknown, metadata?: unknown) => void): unknown
}

/** Records each call of handlers for these events. */
export function record(target: Bindable, ...events: string[]): Inbox<RecordedEvent> {
  const inbox = new Inbox<RecordedEvent>(`handlers of ${events.join(', ')}`, (call) => JSON.stringify(call))
  for (const event of events) {
    target.bind(event, (data, metadata) => {
      inbox.push({ event, data, metadata })
    })
  }
  return inbox
}

/** Data of the next event of this name; call it before the event can come. */
export async function nextEvent(
  target: Bindable,
  event: string,
  options: WaitOptions = {},
): Promise<unknown> {
  const { data } = await record(target, event).next(() => true, { what: `\`${event}\``, ...options })
  return data
}

/** Disconnects and waits for the socket's end, so that no test leaves a connection behind. */
async function disconnect(pusher: PusherJs): Promise<void> {
  const { state } = pusher.connection
  if (state === 'disconnected' || state === 'initialized' || state === 'failed') return
  const done = new Promise<void>((resolve) => {
    pusher.connection.bind('disconnected', () => {
      resolve()
    })
  })
  pusher.disconnect()
  await done
}
