import { systemClock, type Clock } from '../clock.js'
import type {
  Adapter,
  Broker,
  BrokerMessage,
  BrokerReceiver,
  ChannelCounts,
  JoinRequest,
  JoinResult,
  LeaveResult,
  Member,
  RetainedEvent,
  Store,
} from '../contracts.js'

interface PresentUser {
  member: Member
  readonly socketIds: Set<string>
}

interface ChannelState {
  /** Socket id to user id; `null` outside presence channels. */
  readonly subscribers: Map<string, string | null>
  readonly users: Map<string, PresentUser>
}

interface RetainedState {
  readonly event: RetainedEvent
  readonly expiresAt: number
}

/** Everything kept for one app. */
interface AppState {
  connections: number
  readonly channels: Map<string, ChannelState>
  readonly signedIn: Map<string, Set<string>>
  readonly retained: Map<string, RetainedState>
  /** Cache channels whose emptiness was met while they were occupied. */
  readonly missed: Set<string>
  /** At so many retained events the expired ones are swept out. */
  sweepAt: number
}

/** The first sweep; the next one comes at twice what it leaves. */
const FIRST_SWEEP_AT = 1000

/**
 * The adapter of a single node: memory. Each step happens within its call, before the promise is handed out, so that
 * steps take effect in the order of the calls.
 */
export function createLocalAdapter(clock: Clock = systemClock): Adapter {
  const local = new LocalAdapter(clock)
  return { broker: local, store: local, health: () => null, close: () => Promise.resolve() }
}

class LocalAdapter implements Broker, Store {
  readonly #apps = new Map<string, AppState>()
  #receiver: BrokerReceiver | null = null

  constructor(private readonly clock: Clock) {}

  // --- Broker: this node is the only one, so interest needs no record

  receive(receiver: BrokerReceiver): void {
    this.#receiver = receiver
  }

  async subscribe(): Promise<void> {
    // nothing to do on a single node
  }

  async unsubscribe(): Promise<void> {
    // nothing to do on a single node
  }

  publish(appId: string, topic: string, message: BrokerMessage, retain?: RetainedEvent): Promise<void> {
    if (retain !== undefined) this.#retain(this.#app(appId), topic, retain)
    this.#receiver?.(appId, topic, message)
    return Promise.resolve()
  }

  // --- Store

  connect(appId: string, _socketId: string, limit: number | null): Promise<boolean> {
    const app = this.#app(appId)
    if (limit !== null && app.connections >= limit) return Promise.resolve(false)
    app.connections += 1
    return Promise.resolve(true)
  }

  disconnect(appId: string, _socketId: string): Promise<void> {
    this.#app(appId).connections -= 1
    return Promise.resolve()
  }

  join(appId: string, { channel, socketId, member, maxMembers, isCache }: JoinRequest): Promise<JoinResult> {
    const app = this.#app(appId)
    const existing = app.channels.get(channel)
    const state = existing ?? {
      subscribers: new Map<string, string | null>(),
      users: new Map<string, PresentUser>(),
    }
    const user = member === undefined ? undefined : state.users.get(member.userId)
    if (member !== undefined && user === undefined && state.users.size >= maxMembers) {
      return Promise.resolve({ ok: false, reason: 'members_full' })
    }
    if (existing === undefined) app.channels.set(channel, state)
    state.subscribers.set(socketId, member?.userId ?? null)
    if (user !== undefined && member !== undefined) {
      user.socketIds.add(socketId)
      user.member = member // the newest info counts
    } else if (member !== undefined) {
      state.users.set(member.userId, { member, socketIds: new Set([socketId]) })
    }
    const retained = isCache ? this.#retained(app, channel) : null
    const firstMiss = isCache && retained === null && !app.missed.has(channel)
    if (firstMiss) app.missed.add(channel)
    return Promise.resolve({
      ok: true,
      occupied: existing === undefined,
      memberAdded: member !== undefined && user === undefined,
      members: [...state.users.values()].map((present) => present.member),
      retained,
      firstMiss,
      ...countsOf(state),
    })
  }

  leave(appId: string, channel: string, socketId: string): Promise<LeaveResult> {
    const app = this.#app(appId)
    const state = app.channels.get(channel)
    const userId = state?.subscribers.get(socketId)
    if (state === undefined || userId === undefined) {
      return Promise.resolve({
        wasSubscribed: false,
        vacated: false,
        memberRemoved: false,
        ...countsOf(state),
      })
    }
    state.subscribers.delete(socketId)
    let memberRemoved = false
    if (userId !== null) {
      const user = state.users.get(userId)
      user?.socketIds.delete(socketId)
      memberRemoved = user?.socketIds.size === 0
      if (memberRemoved) state.users.delete(userId)
    }
    const vacated = state.subscribers.size === 0
    if (vacated) {
      app.channels.delete(channel)
      app.missed.delete(channel)
    }
    return Promise.resolve({ wasSubscribed: true, vacated, memberRemoved, ...countsOf(state) })
  }

  channels(appId: string, prefix: string): Promise<ReadonlyMap<string, ChannelCounts>> {
    const found = new Map<string, ChannelCounts>()
    for (const [name, state] of this.#app(appId).channels)
      if (name.startsWith(prefix)) found.set(name, countsOf(state))
    return Promise.resolve(found)
  }

  counts(appId: string, channel: string): Promise<ChannelCounts> {
    return Promise.resolve(countsOf(this.#app(appId).channels.get(channel)))
  }

  userIds(appId: string, channel: string): Promise<readonly string[]> {
    return Promise.resolve([...(this.#app(appId).channels.get(channel)?.users.keys() ?? [])])
  }

  retained(appId: string, channel: string): Promise<RetainedEvent | null> {
    return Promise.resolve(this.#retained(this.#app(appId), channel))
  }

  signIn(appId: string, userId: string, socketId: string): Promise<boolean> {
    const { signedIn } = this.#app(appId)
    const socketIds = signedIn.get(userId)
    if (socketIds === undefined) signedIn.set(userId, new Set([socketId]))
    else socketIds.add(socketId)
    return Promise.resolve(socketIds === undefined)
  }

  signOut(appId: string, userId: string, socketId: string): Promise<boolean> {
    const { signedIn } = this.#app(appId)
    const socketIds = signedIn.get(userId)
    const wasLast = socketIds?.delete(socketId) === true && socketIds.size === 0
    if (wasLast) signedIn.delete(userId)
    return Promise.resolve(wasLast)
  }

  online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { signedIn } = this.#app(appId)
    return Promise.resolve(new Set(userIds.filter((userId) => signedIn.has(userId))))
  }

  // --- state

  #app(appId: string): AppState {
    let app = this.#apps.get(appId)
    if (app === undefined) {
      app = {
        connections: 0,
        channels: new Map(),
        signedIn: new Map(),
        retained: new Map(),
        missed: new Set(),
        sweepAt: FIRST_SWEEP_AT,
      }
      this.#apps.set(appId, app)
    }
    return app
  }

  #retained(app: AppState, channel: string): RetainedEvent | null {
    const kept = app.retained.get(channel)
    if (kept === undefined) return null
    const ttlMs = kept.expiresAt - this.clock.elapsed()
    if (ttlMs > 0) return { ...kept.event, ttlMs }
    app.retained.delete(channel)
    return null
  }

  #retain(app: AppState, channel: string, event: RetainedEvent): void {
    const now = this.clock.elapsed()
    app.retained.set(channel, { event, expiresAt: now + event.ttlMs })
    app.missed.delete(channel)
    if (app.retained.size < app.sweepAt) return
    for (const [name, { expiresAt }] of app.retained) if (expiresAt <= now) app.retained.delete(name)
    app.sweepAt = Math.max(FIRST_SWEEP_AT, app.retained.size * 2)
  }
}

function countsOf(state: ChannelState | undefined): ChannelCounts {
  return { subscriptions: state?.subscribers.size ?? 0, users: state?.users.size ?? 0 }
}
