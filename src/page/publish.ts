import { isUtf8 } from 'node:buffer'
import { checkEvent } from '../apps/event-limits.js'
import type { AppHub } from '../hub/app-hub.js'
import { isObject, member, parseJson } from '../protocol/raw-json.js'
import { hasType, json, refused, type PageRequest, type PageResponse } from './message.js'

/** The app of the page with this id; `null` when the page has none. */
export type FindApp = (id: unknown) => Promise<AppHub | null>

/** Publishes `{"app":"app","channel":"news","name":"saved","data":"{\"id\":1}"}`; `data` reaches subscribers exactly so. */
export async function publish(findApp: FindApp, request: PageRequest): Promise<PageResponse> {
  if (!hasType(request, 'application/json')) return refused(415, 'Send the event as application/json')
  const body = isUtf8(request.body) ? parseJson(request.body.toString()) : undefined
  if (!isObject(body)) {
    return refused(400, 'The body must be a JSON object with "app", "channel", "name" and "data"')
  }
  const hub = await findApp(member(body, 'app'))
  if (hub === null) return refused(400, '"app" must be the id of an app of this server')
  if (!hub.app.enabled) return refused(403, `The app '${hub.app.id}' is disabled`)
  const event = checkEvent(
    { name: member(body, 'name'), data: member(body, 'data'), channels: [member(body, 'channel')] },
    hub.app.limits,
  )
  if ('problem' in event) return refused(event.tooLarge ? 413 : 400, event.problem)
  try {
    await hub.publishToAll(event)
  } catch {
    // The hub has told its observers why.
    return refused(503, 'Delivery cannot be promised now: try again in a moment')
  }
  return json({})
}
