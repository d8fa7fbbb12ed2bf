import { channelKind, isChannelName, isUserId } from '../protocol/channel-name.js'
import { quoted } from '../protocol/errors.js'
import { channelString, sign } from '../protocol/signature.js'
import { isSocketId } from '../protocol/socket-id.js'
import { hasType, json, refused, type PageRequest, type PageResponse } from './message.js'
import type { FindApp } from './publish.js'

/** More than the longest names need. */
const MAX_FORM_BYTES = 16_384

/**
 * Signs a subscription for the page, as an application does for its users. Takes the form that pusher-js posts
 * (`socket_id`, `channel_name`) with `app` and, for presence channels, `member`: the id the page has given itself.
 * Source: protocol.md#auth-signed-string.
 */
export async function authorize(findApp: FindApp, request: PageRequest): Promise<PageResponse> {
  if (!hasType(request, 'application/x-www-form-urlencoded')) {
    return refused(415, 'Send the subscription as application/x-www-form-urlencoded')
  }
  if (request.body.length > MAX_FORM_BYTES) {
    return refused(413, `The form is larger than the limit of ${String(MAX_FORM_BYTES)} bytes`)
  }
  const form = parseForm(request.body.toString())
  if (form === null) return refused(400, 'The form is not valid percent-encoded UTF-8')
  const hub = await findApp(form.get('app'))
  if (hub === null) return refused(400, '"app" must be the id of an app of this server')
  const { key, secret, limits } = hub.app
  const socketId = form.get('socket_id') ?? ''
  if (!isSocketId(socketId)) return refused(400, '"socket_id" must look like "123.456"')
  const channel = form.get('channel_name') ?? ''
  if (!isChannelName(channel, limits.channelNameLength)) {
    return refused(400, `'${quoted(channel)}' is no valid channel name`)
  }
  switch (channelKind(channel)) {
    case 'public':
      return refused(400, `'${quoted(channel)}' is a public channel, which needs no authorisation`)
    case 'private-encrypted':
      return refused(403, 'Encrypted channels need the master key, which only your application has')
    case 'private':
      return json({ auth: `${key}:${sign(secret, channelString(socketId, channel, undefined))}` })
    case 'presence': {
      const id = form.get('member') ?? ''
      if (!isUserId(id)) return refused(400, '"member" must be a user id: letters, digits and _-=@,.;')
      const channelData = JSON.stringify({ user_id: id, user_info: { name: 'Playground' } })
      const auth = `${key}:${sign(secret, channelString(socketId, channel, channelData))}`
      return json({ auth, channel_data: channelData })
    }
  }
}

function parseForm(text: string): URLSearchParams | null {
  try {
    decodeURIComponent(text) // URLSearchParams itself takes malformed escapes for text
    return new URLSearchParams(text)
  } catch {
    return null
  }
}
