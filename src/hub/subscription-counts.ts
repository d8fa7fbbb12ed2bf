import type { Timer } from '../clock.js'
import { channelKind } from '../protocol/channel-name.js'
import { subscriptionCount } from '../protocol/server-message.js'
import type { AppHub } from './app-hub.js'

/** Above so many subscribers counts are sent at intervals instead of at each change. */
const IMMEDIATE_UP_TO = 100

interface Pending {
  sentAt: number
  count: number
  timer: Timer | null
}

/** Tells subscribers how many they are, if the app wants it. Source: protocol.md#count-frame. */
export class SubscriptionCounts {
  readonly #channels = new Map<string, Pending>()

  constructor(private readonly hub: AppHub) {}

  /** To be called after each subscribe and unsubscribe with the new number of subscribed connections. */
  async changed(channel: string, count: number): Promise<void> {
    if (!this.hub.app.subscriptionCount || channelKind(channel) === 'presence') return
    const pending = this.#channels.get(channel)
    if (pending !== undefined) pending.count = count
    if (count <= IMMEDIATE_UP_TO) {
      pending?.timer?.cancel()
      this.#channels.delete(channel)
      await this.#send(channel, count)
      return
    }
    const now = this.hub.parts.clock.elapsed()
    const waitMs = pending === undefined ? 0 : pending.sentAt + this.hub.app.subscriptionCountIntervalMs - now
    if (waitMs <= 0) {
      this.#channels.set(channel, { sentAt: now, count, timer: null })
      await this.#send(channel, count)
    } else if (pending?.timer === null) {
      pending.timer = this.hub.parts.clock.after(waitMs, () => {
        pending.timer = null
        pending.sentAt = this.hub.parts.clock.elapsed()
        void this.#send(channel, pending.count)
      })
    }
  }

  async #send(channel: string, count: number): Promise<void> {
    this.hub.parts.emit({ type: 'subscription_count', appId: this.hub.app.id, channel, count })
    if (count > 0) await this.hub.relay(channel, subscriptionCount(channel, count))
  }
}
