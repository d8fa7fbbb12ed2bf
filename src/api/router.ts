import { isUtf8 } from 'node:buffer'
import type { Clock } from '../clock.js'
import { ServerError } from '../errors.js'
import type { AppHub } from '../hub/app-hub.js'
import type { Hub } from '../hub/hub.js'
import type { Logger } from '../log.js'
import { quoted } from '../protocol/errors.js'
import { authenticate } from './authenticate.js'
import { getChannel, getChannels, getUsers } from './channels.js'
import { postBatch, postEvent } from './events.js'
import { ok, refused, type ApiRequest, type ApiResponse } from './message.js'
import { decodePath, parseQuery } from './query.js'
import { terminateConnections } from './users.js'

type Endpoint = (
  hub: AppHub,
  request: ApiRequest,
  parameters: ReadonlyMap<string, string>,
) => Promise<ApiResponse>

interface Route {
  readonly method: 'GET' | 'POST'
  readonly endpoint: Endpoint
}

/** Seconds a client is asked to wait when delivery cannot be promised. */
const RETRY_AFTER_SECONDS = '2'

/** The HTTP API as a function. Source: protocol.md#http-auth-statuses, protocol.md#http-events-routes. */
export class Api {
  constructor(
    private readonly hub: Hub,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Answers every request; never rejects. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      if (request.path === '/up' || request.path === '/pogo/health') return this.#health(request)
      return await this.#app(request)
    } catch (error) {
      if (error instanceof ServerError && error.code === 'ERR_BROKER_UNAVAILABLE') {
        return unavailable()
      }
      this.log.error({ method: request.method, err: error }, 'request failed')
      return refused(500, 'The server failed to answer; its log says why')
    }
  }

  #health({ method }: ApiRequest): ApiResponse {
    if (method !== 'GET' && method !== 'HEAD') return wrongMethod(method, 'GET, HEAD')
    const reason = this.hub.health()
    if (reason === null) return ok('{"status":"ok"}')
    return { status: 503, body: JSON.stringify({ status: 'unavailable', reason }), headers: json }
  }

  async #app(request: ApiRequest): Promise<ApiResponse> {
    const segments = segmentsOf(request.path)
    const appId = segments?.[2]
    if (segments?.[1] !== 'apps' || appId === undefined) return unknownPath(request)
    const hub = await this.hub.appHub(appId)
    if (hub === null) return refused(404, `No app has the id '${quoted(appId)}'`)
    const parameters = parseQuery(request.query)
    if (parameters === null) return refused(400, 'The query string is not valid percent-encoded UTF-8')
    const unauthorized = authenticate(hub.app, request, parameters, this.clock.now())
    if (unauthorized !== null) {
      hub.parts.emit({ type: 'request_unauthorized', appId, reason: unauthorized.reason })
      return refused(401, unauthorized.message)
    }
    if (!hub.app.enabled) return refused(403, `The app '${quoted(appId)}' is disabled`)
    if (!isUtf8(request.body)) return refused(400, 'The body is not valid UTF-8')
    const route = findRoute(segments)
    if (route === null) return unknownPath(request)
    if (route.method !== request.method) return wrongMethod(request.method, route.method)
    // Whoever is told 200 may rely on delivery. Source: protocol.md#http-auth-statuses.
    if (route.method === 'POST' && this.hub.health() !== null) return unavailable()
    return route.endpoint(hub, request, parameters)
  }
}

/** `/apps/ID/channels/NAME/users` */
const MAX_SEGMENTS = 6

/** The decoded parts between the slashes; `null` when one of them cannot be decoded. */
function segmentsOf(path: string): readonly string[] | null {
  const segments = path.split('/')
  if (!path.includes('%')) return segments
  const decoded = segments.map(decodePath)
  return decoded.includes(null) ? null : (decoded as string[])
}

const events: Route = { method: 'POST', endpoint: postEvent }
const batchEvents: Route = { method: 'POST', endpoint: postBatch }

const json = { 'Content-Type': 'application/json' }

/** Which endpoint the path behind `/apps/ID` names. */
function findRoute(segments: readonly string[]): Route | null {
  if (segments.length > MAX_SEGMENTS) return null
  const resource = segments[3]
  const name = segments[4]
  const action = segments[5]
  if (name === undefined) {
    if (resource === 'events') return events
    if (resource === 'batch_events') return batchEvents
    if (resource === 'channels') {
      return { method: 'GET', endpoint: (hub, _request, parameters) => getChannels(hub, parameters) }
    }
    return null
  }
  if (resource === 'channels' && action === undefined) {
    return { method: 'GET', endpoint: (hub, _request, parameters) => getChannel(hub, name, parameters) }
  }
  if (resource === 'channels' && action === 'users') {
    return { method: 'GET', endpoint: (hub) => getUsers(hub, name) }
  }
  if (resource === 'users' && action === 'terminate_connections') {
    return { method: 'POST', endpoint: (hub) => terminateConnections(hub, name) }
  }
  return null
}

function unavailable(): ApiResponse {
  return refused(503, 'Delivery cannot be promised now; try again', { 'Retry-After': RETRY_AFTER_SECONDS })
}

function unknownPath({ method, path }: ApiRequest): ApiResponse {
  return refused(404, `Nothing answers ${method} ${quoted(path, 200)}`)
}

function wrongMethod(method: string, allowed: string): ApiResponse {
  return refused(405, `${quoted(method)} is not allowed here: use ${allowed}`, { Allow: allowed })
}
