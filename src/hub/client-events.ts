import { channelKind } from '../protocol/channel-name.js'
import type { ClientEventMessage } from '../protocol/client-message.js'
import { eventErrorCodes, quoted, refusal, type ProtocolError } from '../protocol/errors.js'
import { channelEvent } from '../protocol/server-message.js'
import type { Connection } from './connection.js'
import { TokenBucket } from './rate-limit.js'

/** Hands a client's event to the other subscribers of its channel, or tells the client why not. */
export async function sendClientEvent(connection: Connection, message: ClientEventMessage): Promise<void> {
  if (!connection.isOpen()) return
  const { hub, socketId } = connection
  const { channel, event: name, dataLiteral } = message
  const data = JSON.parse(dataLiteral) as string
  const refused = check(connection, message, data)
  if (refused !== null) {
    connection.refuse(refused)
    return
  }
  // What the client says about its user is not asked: the id is the one it joined with.
  const userId = connection.channels.get(channel)?.userId
  const sender = userId === undefined ? {} : { userId }
  hub.parts.emit({
    type: 'client_event',
    appId: hub.app.id,
    event: { channel, name, data, socketId, ...sender },
  })
  await hub.relay(channel, channelEvent(name, channel, dataLiteral, userId), socketId)
}

/** Source: protocol.md#client-events-conditions. The rate counts what would otherwise be sent. */
function check(connection: Connection, message: ClientEventMessage, data: string): ProtocolError | null {
  const { channel, event } = message
  const { app, parts } = connection.hub
  const { limits } = app
  if (!app.clientEvents) {
    return refusal(
      `Client events are not enabled for this app: set "clientEvents" to true in its configuration`,
    )
  }
  const kind = channelKind(channel)
  if (kind === 'public' || kind === 'private-encrypted') {
    const where = kind === 'public' ? 'public' : 'encrypted'
    return refusal(`Client events are not supported on ${where} channels (${quoted(channel)})`)
  }
  if (!connection.channels.has(channel)) {
    return refusal(`Cannot broadcast client event (connection not subscribed to channel ${quoted(channel)})`)
  }
  if (event.length > limits.eventNameLength) {
    return refusal(
      `Client event name has ${String(event.length)} characters, the limit is ${String(limits.eventNameLength)}`,
    )
  }
  const bytes = Buffer.byteLength(data)
  if (bytes > limits.eventPayloadBytes) {
    return refusal(
      `Client event data has ${String(bytes)} bytes, the limit is ${String(limits.eventPayloadBytes)}`,
    )
  }
  const rate = limits.clientEventsPerSecond
  const now = parts.clock.elapsed()
  connection.clientEvents ??= new TokenBucket(rate, rate, now)
  if (!connection.clientEvents.take(now)) {
    const text = `Client event rejected: the rate limit is ${String(rate)} per second and connection`
    return refusal(text, eventErrorCodes.clientEventRate)
  }
  return null
}
