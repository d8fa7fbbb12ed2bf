import type { AppLimits } from '../apps/app.js'
import { checkEvent, type CheckedEvent } from '../apps/event-limits.js'
import type { AppHub } from '../hub/app-hub.js'
import { isObject, member, parseJson } from '../protocol/raw-json.js'
import { attributesOf, parseAttributes, type Attribute } from './attributes.js'
import { isResponse, ok, refused, type ApiRequest, type ApiResponse } from './message.js'

/** An event as it was posted, checked. */
interface PostedEvent extends CheckedEvent {
  /** What the answer shall tell about its channels. */
  readonly info: readonly Attribute[]
}

type Values = Readonly<Record<string, unknown>>

/** `POST /apps/ID/events`: one event on up to 100 channels. Source: protocol.md#http-events-request. */
export async function postEvent(
  hub: AppHub,
  request: ApiRequest,
  parameters: ReadonlyMap<string, string>,
): Promise<ApiResponse> {
  const body = parseBody(request.body) ?? parametersAsBody(request.body, parameters)
  if (body === null) return notAnObject
  const event = parseEvent(body, channelsOf(body), hub.app.limits)
  if (isResponse(event)) return event
  await hub.publishToAll(event)
  if (event.info.length === 0) return ok('{}')
  const { store } = hub.parts
  const attributes = await Promise.all(
    event.channels.map(
      async (channel) => [channel, await attributesOf(hub.app, store, channel, event.info)] as const,
    ),
  )
  return ok(JSON.stringify({ channels: Object.fromEntries(attributes) }))
}

/** `POST /apps/ID/batch_events`: up to 10 events of one channel each; all are published or none. */
export async function postBatch(hub: AppHub, request: ApiRequest): Promise<ApiResponse> {
  const body = parseBody(request.body)
  if (body === null) return notAnObject
  const batch = member(body, 'batch')
  if (!Array.isArray(batch)) return refused(400, '"batch" must be an array of events')
  const { eventsPerBatch } = hub.app.limits
  if (batch.length > eventsPerBatch) {
    const limit = String(eventsPerBatch)
    return refused(
      400,
      `The batch has ${String(batch.length)} events, the limit is ${limit} (eventsPerBatch)`,
    )
  }
  const events: PostedEvent[] = []
  for (const [index, entry] of batch.entries()) {
    const event = parseBatchEvent(entry, hub.app.limits)
    if (isResponse(event)) return refused(event.status, `batch[${String(index)}]: ${event.body}`)
    events.push(event)
  }
  await Promise.all(events.map((event) => hub.publishToAll(event)))
  if (events.every((event) => event.info.length === 0)) return ok('{}')
  const attributes = await Promise.all(
    events.map(({ channels, info }) => attributesOf(hub.app, hub.parts.store, channels[0] ?? '', info)),
  )
  return ok(JSON.stringify({ batch: attributes }))
}

const notAnObject = refused(400, 'The body must be a JSON object')

function parseBody(body: Buffer): Values | null {
  const value = parseJson(body.toString())
  return isObject(value) ? value : null
}

/** Without a body, the query parameters stand in for it. Source: protocol.md#http-events-query-parameters. */
function parametersAsBody(body: Buffer, parameters: ReadonlyMap<string, string>): Values | null {
  if (body.length > 0 || !parameters.has('name')) return null
  const channels = parameters.get('channels')?.split(',')
  return { ...Object.fromEntries(parameters), ...(channels === undefined ? {} : { channels }) }
}

function parseBatchEvent(entry: unknown, limits: AppLimits): PostedEvent | ApiResponse {
  if (!isObject(entry)) return refused(400, 'each event must be a JSON object')
  const channel = member(entry, 'channel')
  if (typeof channel !== 'string') {
    return refused(400, '"channel" must be a channel name (one for each event of a batch)')
  }
  return parseEvent(entry, [channel], limits)
}

/** `channels` wins over `channel`. Source: protocol.md#http-events-channels. */
function channelsOf(body: Values): unknown {
  const channels = member(body, 'channels') ?? undefined
  if (channels !== undefined) return channels
  const channel = member(body, 'channel')
  return channel === undefined ? undefined : [channel]
}

function parseEvent(body: Values, channels: unknown, limits: AppLimits): PostedEvent | ApiResponse {
  const socketId = member(body, 'socket_id') ?? undefined
  const event = checkEvent(
    { name: member(body, 'name'), data: member(body, 'data'), channels, socketId },
    limits,
  )
  if ('problem' in event) return refused(event.tooLarge ? 413 : 400, event.problem)
  const info = member(body, 'info') ?? undefined
  if (info !== undefined && typeof info !== 'string') {
    return refused(400, '"info" must be a string such as "user_count"')
  }
  const attributes = parseAttributes(info)
  if (typeof attributes === 'string') return refused(400, attributes)
  const { name, data, exceptSocketId } = event
  return { name, data, channels: event.channels, exceptSocketId, info: attributes }
}
