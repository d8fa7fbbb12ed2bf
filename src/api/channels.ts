import type { AppHub } from '../hub/app-hub.js'
import { channelKind, isChannelName } from '../protocol/channel-name.js'
import { quoted } from '../protocol/errors.js'
import { attributesOf, inapplicable, parseAttributes } from './attributes.js'
import { ok, refused, type ApiResponse } from './message.js'

type Parameters = ReadonlyMap<string, string>

/** `GET /apps/ID/channels`: the occupied channels. Source: protocol.md#http-queries-channels, #http-queries-info. */
export async function getChannels(hub: AppHub, parameters: Parameters): Promise<ApiResponse> {
  const prefix = parameters.get('filter_by_prefix') ?? ''
  const info = parseAttributes(parameters.get('info'))
  if (typeof info === 'string') return refused(400, info)
  if (info.some((attribute) => attribute !== 'user_count')) {
    return refused(
      400,
      'info of a list of channels can be user_count only; ask for a single channel for more',
    )
  }
  const withUsers = info.length > 0
  if (withUsers && !prefix.startsWith('presence-')) {
    return refused(400, 'info=user_count needs a filter_by_prefix that begins with presence-')
  }
  const channels = await hub.parts.store.channels(hub.app.id, prefix)
  const entries = [...channels].map(
    ([name, { users }]) => [name, withUsers ? { user_count: users } : {}] as const,
  )
  return ok(JSON.stringify({ channels: Object.fromEntries(entries) }))
}

/** `GET /apps/ID/channels/NAME`: whether anybody is there, and what was asked for. */
export async function getChannel(hub: AppHub, channel: string, parameters: Parameters): Promise<ApiResponse> {
  const problem = checkName(hub, channel)
  if (problem !== null) return problem
  const info = parseAttributes(parameters.get('info'))
  if (typeof info === 'string') return refused(400, info)
  for (const attribute of info) {
    const reason = inapplicable(hub.app, channel, attribute)
    if (reason !== null) return refused(400, reason)
  }
  const { store } = hub.parts
  const { subscriptions } = await store.counts(hub.app.id, channel)
  const attributes = await attributesOf(hub.app, store, channel, info)
  return ok(JSON.stringify({ occupied: subscriptions > 0, ...attributes }))
}

/** `GET /apps/ID/channels/NAME/users`: who is in a presence channel. */
export async function getUsers(hub: AppHub, channel: string): Promise<ApiResponse> {
  const problem = checkName(hub, channel)
  if (problem !== null) return problem
  if (channelKind(channel) !== 'presence') {
    return refused(400, `Users can be listed for presence channels only, '${quoted(channel)}' is none`)
  }
  const userIds = await hub.parts.store.userIds(hub.app.id, channel)
  return ok(JSON.stringify({ users: userIds.map((id) => ({ id })) }))
}

function checkName(hub: AppHub, channel: string): ApiResponse | null {
  if (isChannelName(channel, hub.app.limits.channelNameLength)) return null
  return refused(400, `Invalid channel name '${quoted(channel)}'`)
}
