import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { Inbox } from './inbox.js'

/** A message that passed the proxy. */
export interface PassedMessage {
  readonly from: 'client' | 'server'
  /** Number of the connection, from 0. */
  readonly connection: number
  readonly text: string
  readonly event: string
  readonly message: { readonly event: string; readonly channel?: string; readonly data?: unknown }
  readonly atMs: number
}

/**
 * A WebSocket proxy in front of a server: it records what client and server say, and can end connections in ways that the
 * server has no reason to, such as with code 4200.
 */
export class RecordingProxy {
  /** Every message in order of passing. */
  readonly messages = new Inbox<PassedMessage>(
    'proxy',
    ({ from, connection, text }) => `${from} #${connection}: ${text}`,
  )
  /** Times at which clients connected, in order. */
  readonly connections = new Inbox<number>('proxy, connections', String)

  readonly #server: WebSocketServer
  readonly #pairs = new Set<{ client: WebSocket; upstream: WebSocket }>()
  readonly #endings: { code: number; reason: string }[] = []

  private constructor(server: WebSocketServer, targetUrl: string) {
    this.#server = server
    server.on('connection', (client, request) => {
      this.#accept(client, `${targetUrl}${request.url ?? '/'}`)
    })
  }

  /** Starts a proxy in front of `ws://host:port`. */
  static async start(targetUrl: string): Promise<RecordingProxy> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await new Promise<void>((resolve) => server.once('listening', resolve))
    return new RecordingProxy(server, targetUrl)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Number of client connections that are open now. */
  get openConnections(): number {
    return this.#pairs.size
  }

  /** What clients sent, of this event when one is named. */
  sentByClients(event?: string): PassedMessage[] {
    return this.messages.items.filter(
      (message) => message.from === 'client' && (event === undefined || message.event === event),
    )
  }

  /** Takes the next message of a client with this event (and channel). */
  nextFromClient(event: string, channel?: string): Promise<PassedMessage> {
    return this.messages.next(
      ({ from, event: name, message }) =>
        from === 'client' &&
        name === event &&
        (channel === undefined || subscribedChannel(message.data) === channel),
      { what: `\`${event}\` from a client` },
    )
  }

  /** Closes all client connections with this code. */
  closeClients(code: number, reason = ''): void {
    for (const { client } of this.#pairs) client.close(code, reason)
  }

  /** Ends the next connection with this code as soon as it is made, before the server sees it. */
  refuseNext(code: number, reason = ''): void {
    this.#endings.push({ code, reason })
  }

  /** Cuts the TCP connections of all clients. */
  dropClients(): void {
    for (const { client } of this.#pairs) client.terminate()
  }

  #accept(client: WebSocket, url: string): void {
    const connection = this.connections.items.length
    client.on('error', () => undefined)
    const ending = this.#endings.shift()
    if (ending !== undefined) client.close(ending.code, ending.reason)
    this.connections.push(Date.now())
    if (ending !== undefined) return
    const upstream = new WebSocket(url, { perMessageDeflate: false })
    const pair = { client, upstream }
    const early: string[] = []
    this.#pairs.add(pair)
    upstream.on('error', () => undefined)
    client.on('message', (raw: Buffer) => {
      const text = raw.toString()
      this.#record('client', connection, text)
      if (upstream.readyState === WebSocket.OPEN) upstream.send(text)
      else early.push(text)
    })
    upstream.on('open', () => {
      for (const text of early) upstream.send(text)
    })
    upstream.on('message', (raw: Buffer) => {
      const text = raw.toString()
      this.#record('server', connection, text)
      client.send(text)
    })
    client.on('close', () => {
      this.#pairs.delete(pair)
      upstream.terminate()
    })
    upstream.on('close', (code, reason) => {
      if (code === 1005) client.close()
      else if (code === 1006) client.terminate()
      else client.close(code, reason)
    })
  }

  #record(from: 'client' | 'server', connection: number, text: string): void {
    const message = JSON.parse(text) as PassedMessage['message']
    this.messages.push({ from, connection, text, event: message.event, message, atMs: Date.now() })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, upstream } of this.#pairs) {
      client.terminate()
      upstream.terminate()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The channel that a subscribe or unsubscribe names. */
function subscribedChannel(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'channel' in data ? data.channel : undefined
}
