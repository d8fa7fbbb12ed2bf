/**
 * A WebSocket server that speaks the Pusher protocol.
 *
 * @example
 * import { createServer } from 'pogo-websocket'
 *
 * const server = createServer({ port: 0, apps: [{ id: 'app', key: 'key', secret: 'secret' }] })
 * await server.listen()
 * await server.publish('app', { channels: ['news'], name: 'saved', data: '{"id":1}' })
 * await server.close()
 */
export { createServer, type PublishedEvent, type Server, type ServerParts } from './server.js'
export type {
  AppOptions,
  LimitOptions,
  MetricsOptions,
  PlaygroundOptions,
  ServerOptions,
  TlsOptions,
  TokenOptions,
  WebhookOptions,
} from './server.js'
export { ServerError, type ServerErrorCode } from './errors.js'
export type { ClientEvent, HubEvent } from './hub/events.js'
export type { Clock, Timer } from './clock.js'
export type { Logger, LogMethod } from './log.js'
