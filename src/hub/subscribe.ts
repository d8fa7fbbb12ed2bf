import type { AuthorizationResult, Member, OutgoingMessage, RetainedEvent } from '../contracts.js'
import {
  channelKind,
  isCacheChannel,
  isChannelName,
  userOfChannel,
  type ChannelKind,
} from '../protocol/channel-name.js'
import type { SubscribeMessage } from '../protocol/client-message.js'
import { quoted, refusal, subscriptionRefusal, type ProtocolError } from '../protocol/errors.js'
import { memberText, parseMember } from '../protocol/presence.js'
import {
  cacheMiss,
  channelEvent,
  memberAdded,
  memberRemoved,
  subscriptionSucceeded,
} from '../protocol/server-message.js'
import type { Connection } from './connection.js'

/**
 * The ordered way into a channel: limits, authorisation, interest at the broker, membership in the store, then answer
 * and admission in one tick, so that nothing published after the answer is missed and nothing comes before it.
 */
export async function subscribe(connection: Connection, message: SubscribeMessage): Promise<void> {
  const { channel } = message
  if (channel.startsWith('#')) {
    await subscribeToUser(connection, channel)
    return
  }
  const refused = checkLimits(connection, channel)
  if (refused !== null) {
    connection.refuse(refused)
    return
  }
  const kind = channelKind(channel)
  let channelData: string | undefined
  if (kind !== 'public') {
    const { app, parts } = connection.hub
    const { socketId } = connection
    const verdict = await parts.authorizer.authorizeChannel({ ...message, app, socketId })
    if (!verdict.ok) {
      refuseAuthorization(connection, channel, verdict)
      return
    }
    channelData = verdict.channelData
  }
  const member = kind === 'presence' ? await memberOf(connection, channelData) : null
  if (typeof member === 'string') {
    connection.refuse(subscriptionRefusal(channel, `Subscription to ${channel} refused: ${member}`))
    return
  }
  await connection.hub.serial.run(channel, async () => {
    if (!connection.isOpen()) return
    // Looked at again: other subscriptions may have been answered meanwhile.
    const full = checkLimits(connection, channel)
    if (full !== null) {
      connection.refuse(full)
      return
    }
    connection.joining += 1
    await join(connection, channel, kind, member).finally(() => (connection.joining -= 1))
  })
}

/** Source: protocol.md#users-server-to-user. Delivery depends on the sign-in, so there is nothing to join. */
async function subscribeToUser(connection: Connection, channel: string): Promise<void> {
  const userId = userOfChannel(channel)
  await connection.signInDecided()
  if (userId !== null && connection.user?.id === userId) {
    connection.send(subscriptionSucceeded(channel, null))
    return
  }
  connection.refuse(
    subscriptionRefusal(
      channel,
      `Subscription to ${quoted(channel)} needs a connection signed in as that user`,
    ),
  )
}

function checkLimits(connection: Connection, channel: string): ProtocolError | null {
  const { channelNameLength, channelsPerConnection } = connection.hub.app.limits
  if (!isChannelName(channel, channelNameLength)) {
    const rule = `at most ${String(channelNameLength)} characters of A-Z a-z 0-9 _ - = @ , . ;`
    return subscriptionRefusal(channel.slice(0, 200), `Invalid channel name '${quoted(channel)}': ${rule}`)
  }
  if (connection.channels.has(channel)) return refusal(`Existing subscription to channel ${channel}`)
  if (connection.channels.size + connection.joining >= channelsPerConnection) {
    const limit = String(channelsPerConnection)
    return subscriptionRefusal(
      channel,
      `Subscription to ${channel} refused: the limit is ${limit} channels per connection`,
    )
  }
  return null
}

function refuseAuthorization(
  connection: Connection,
  channel: string,
  { reason, message }: AuthorizationResult & { ok: false },
): void {
  const { app, parts } = connection.hub
  parts.emit({ type: 'auth_failed', appId: app.id, socketId: connection.socketId, reason })
  connection.refuse(subscriptionRefusal(channel, message))
}

/** The member to join as, or why there is none. A signed-in user needs no channel_data. */
async function memberOf(connection: Connection, channelData: string | undefined): Promise<Member | string> {
  if (channelData !== undefined)
    return parseMember(channelData, connection.hub.app.limits.presenceMemberBytes)
  await connection.signInDecided()
  const { user } = connection
  if (user === null) return 'a presence channel needs channel_data with a user_id, or a signed-in user'
  const member =
    user.userInfo === undefined ? { userId: user.id } : { userId: user.id, userInfo: user.userInfo }
  return parseMember(memberText(member), connection.hub.app.limits.presenceMemberBytes)
}

async function join(
  connection: Connection,
  channel: string,
  kind: ChannelKind,
  member: Member | null,
): Promise<void> {
  const { hub, socketId } = connection
  const { app, parts } = hub
  const held: OutgoingMessage[] = []
  const topic = await hub.enter(channel, connection, held)
  const joined = await parts.store
    .join(app.id, {
      channel,
      socketId,
      ...(member === null ? {} : { member }),
      maxMembers: app.limits.presenceMembers,
      isCache: isCacheChannel(channel),
    })
    .catch(async (error: unknown) => {
      await hub.exit(channel, connection)
      throw error
    })
  if (!joined.ok) {
    await hub.exit(channel, connection)
    const limit = String(app.limits.presenceMembers)
    connection.refuse(
      subscriptionRefusal(channel, `Subscription to ${channel} refused: the limit is ${limit} members`),
    )
    return
  }

  // Answer and admission in one tick.
  if (connection.isOpen()) {
    connection.send(subscriptionSucceeded(channel, kind === 'presence' ? joined.members : null))
    if (joined.retained !== null) {
      const { event, data } = joined.retained
      connection.send(channelEvent(event, channel, JSON.stringify(data)))
    } else if (isCacheChannel(channel)) connection.send(cacheMiss(channel))
    for (const message of afterRetained(held, joined.retained)) connection.transport.send(message)
    topic.admit(connection)
    connection.channels.set(channel, member)
    if (kind !== 'public') connection.isAuthorized = true
  }

  parts.emit({ type: 'subscribed', appId: app.id, socketId, channel })
  if (joined.occupied) parts.emit({ type: 'channel_occupied', appId: app.id, channel })
  if (joined.memberAdded && member !== null) {
    parts.emit({ type: 'member_added', appId: app.id, channel, userId: member.userId })
    await hub.relay(channel, memberAdded(channel, member), socketId)
  }
  if (joined.firstMiss) parts.emit({ type: 'cache_miss', appId: app.id, channel })
  await hub.subscriptionCounts.changed(channel, joined.subscriptions)
  if (!connection.isOpen() && !connection.channels.has(channel)) await leave(connection, channel, member)
}

/** What was held, without the kept event that was just replayed and the events before it. */
function afterRetained(
  held: readonly OutgoingMessage[],
  retained: RetainedEvent | null,
): readonly OutgoingMessage[] {
  const replayed = held.findIndex(({ retainedId }) => retainedId !== undefined && retainedId === retained?.id)
  return replayed === -1
    ? held
    : held.filter(({ retainedId }, index) => retainedId === undefined || index > replayed)
}

/** Nothing is answered; a channel that was not subscribed is an error that changes nothing. */
export async function unsubscribe(connection: Connection, channel: string): Promise<void> {
  if (!connection.isOpen() || userOfChannel(channel) !== null) return
  const member = connection.channels.get(channel)
  if (member === undefined) {
    connection.refuse(
      refusal(`No current subscription to channel ${quoted(channel)}, or subscription in progress`),
    )
    return
  }
  connection.channels.delete(channel)
  connection.hub.mute(channel, connection)
  await connection.hub.serial.run(channel, () => leave(connection, channel, member))
}

/** Takes a closed connection out of the channels it was in. */
export async function leaveAll(connection: Connection, channels: readonly string[]): Promise<void> {
  const left = channels.map((channel) => {
    const member = connection.channels.get(channel) ?? null
    return connection.hub.serial.run(channel, () => leave(connection, channel, member))
  })
  await Promise.all(left)
}

async function leave(connection: Connection, channel: string, member: Member | null): Promise<void> {
  const { hub, socketId } = connection
  const { app, parts } = hub
  const left = await parts.store.leave(app.id, channel, socketId)
  await hub.exit(channel, connection)
  if (!left.wasSubscribed) return
  parts.emit({ type: 'unsubscribed', appId: app.id, socketId, channel })
  if (left.memberRemoved && member !== null) {
    parts.emit({ type: 'member_removed', appId: app.id, channel, userId: member.userId })
    await hub.relay(channel, memberRemoved(channel, member.userId), socketId)
  }
  if (left.vacated) parts.emit({ type: 'channel_vacated', appId: app.id, channel })
  await hub.subscriptionCounts.changed(channel, left.subscriptions)
}
