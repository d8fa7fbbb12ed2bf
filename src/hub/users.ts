import type { OutgoingMessage } from '../contracts.js'
import { isUserId, userChannel } from '../protocol/channel-name.js'
import type { ClientMessage } from '../protocol/client-message.js'
import { eventErrorCodes, quoted, refusal } from '../protocol/errors.js'
import { parseSignedInUser, type SignedInUser } from '../protocol/presence.js'
import { signinSuccess, watchlistEvents } from '../protocol/server-message.js'
import type { AppHub } from './app-hub.js'
import type { Connection } from './connection.js'

type SigninMessage = Extract<ClientMessage, { type: 'signin' }>

/** The topic that tells a user's comings and goings to those who watch them. */
function presenceTopic(userId: string): string {
  return `#presence-of-${userId}`
}

/** Gives a connection its user. A failure leaves it as it was. Source: protocol.md#users-signin. */
export async function signIn(connection: Connection, { auth, userData }: SigninMessage): Promise<void> {
  const { hub, socketId } = connection
  const { app, parts } = hub
  const verdict = await parts.authorizer.authenticateUser({ app, socketId, auth, userData })
  if (!connection.isOpen()) return
  if (!verdict.ok) {
    parts.emit({ type: 'auth_failed', appId: app.id, socketId, reason: verdict.reason })
    connection.refuse(refusal(verdict.message))
    return
  }
  const user = checkUser(connection, parseSignedInUser(userData))
  if (typeof user === 'string') {
    connection.refuse(refusal(`Sign-in refused: ${user}`))
    return
  }
  if (connection.user !== null) {
    connection.send(signinSuccess(userData))
    // What failed the first time is made good.
    if (!connection.isWatching) await watch(connection, connection.user.watchlist)
    return
  }
  const watched = app.watchlist ? user.watchlist.slice(0, app.limits.watchlistUsers) : []
  await enterAsUser(connection, { ...user, watchlist: watched }, userData)
  if (!connection.isOpen()) return
  if (app.watchlist && user.watchlist.length > watched.length) {
    const limit = String(app.limits.watchlistUsers)
    const text = `Watchlist too long: the limit is ${limit} users; accepted are ${watched.join(', ')}`
    connection.refuse(refusal(text, eventErrorCodes.watchlistTooLong))
  }
  await watch(connection, watched)
}

function checkUser(connection: Connection, user: SignedInUser | string): SignedInUser | string {
  if (typeof user === 'string') return user
  if (!isUserId(user.id)) {
    return `the id '${quoted(user.id)}' must have at most 128 characters of A-Z a-z 0-9 _ - = @ , . ;`
  }
  const signedIn = connection.user?.id
  if (signedIn !== undefined && signedIn !== user.id)
    return `the connection is already signed in as '${signedIn}'`
  return user
}

async function enterAsUser(connection: Connection, user: SignedInUser, userData: string): Promise<void> {
  const { hub, socketId } = connection
  const { app, parts } = hub
  const topicName = userChannel(user.id)
  await hub.serial.run(topicName, async () => {
    const held: OutgoingMessage[] = []
    const topic = await hub.enter(topicName, connection, held)
    const isFirst = await parts.store.signIn(app.id, user.id, socketId).catch(async (error: unknown) => {
      await hub.exit(topicName, connection)
      throw error
    })
    connection.user = user
    if (!connection.isOpen()) {
      await leaveAsUser(connection, user)
      return
    }
    connection.isAuthorized = true
    connection.send(signinSuccess(userData))
    for (const message of held) connection.transport.send(message)
    topic.admit(connection)
    parts.emit({ type: 'user_signed_in', appId: app.id, socketId, userId: user.id })
    if (isFirst) await hub.relay(presenceTopic(user.id), watchlistEvents([user.id], []))
  })
}

/** Listens for the watched users first and then asks who is online, so that no change is lost in between. */
async function watch(connection: Connection, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return
  const { hub } = connection
  const held: OutgoingMessage[] = []
  try {
    const topics = await Promise.all(
      userIds.map((userId) => {
        const topic = presenceTopic(userId)
        return hub.serial.run(topic, () => hub.enter(topic, connection, held))
      }),
    )
    const online = await hub.parts.store.online(hub.app.id, userIds)
    if (connection.isOpen()) {
      const isOnline = (userId: string): boolean => online.has(userId)
      const offline = userIds.filter((userId) => !isOnline(userId))
      connection.send(watchlistEvents(userIds.filter(isOnline), offline))
      for (const message of held) connection.transport.send(message)
      for (const topic of topics) topic.admit(connection)
      connection.isWatching = true
    }
  } finally {
    // Gone meanwhile, or failed: nothing may go on being held for it.
    if (!connection.isWatching) await unwatch(hub, connection, userIds)
  }
}

async function unwatch(hub: AppHub, connection: Connection, userIds: readonly string[]): Promise<void> {
  await Promise.all(
    userIds.map((userId) => {
      const topic = presenceTopic(userId)
      return hub.serial.run(topic, () => hub.exit(topic, connection))
    }),
  )
}

/** Ends what the sign-in began, when the connection is gone. */
export async function signOut(connection: Connection): Promise<void> {
  const { hub, user } = connection
  if (user === null) return
  hub.mute(userChannel(user.id), connection)
  await Promise.all([
    hub.serial.run(userChannel(user.id), () => leaveAsUser(connection, user)),
    unwatch(hub, connection, user.watchlist),
  ])
}

async function leaveAsUser(connection: Connection, user: SignedInUser): Promise<void> {
  const { hub, socketId } = connection
  const wasLast = await hub.parts.store.signOut(hub.app.id, user.id, socketId)
  await hub.exit(userChannel(user.id), connection)
  if (wasLast) await hub.relay(presenceTopic(user.id), watchlistEvents([], [user.id]))
}
