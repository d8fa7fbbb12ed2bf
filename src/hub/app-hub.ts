import { randomUUID } from 'node:crypto'
import type { App } from '../apps/app.js'
import type { CheckedEvent } from '../apps/event-limits.js'
import type { Clock } from '../clock.js'
import type { Authorizer, Broker, BrokerMessage, OutgoingMessage, Store } from '../contracts.js'
import type { Logger } from '../log.js'
import { isCacheChannel, userChannel } from '../protocol/channel-name.js'
import { channelEvent } from '../protocol/server-message.js'
import type { Connection } from './connection.js'
import type { HubEvent } from './events.js'
import type { IdleWheel } from './idle-wheel.js'
import { Serial } from './serial.js'
import { SubscriptionCounts } from './subscription-counts.js'
import { Topic } from './topic.js'

/** What every part of the hub works with; one object for all apps of the node. */
export interface HubParts {
  readonly broker: Broker
  readonly store: Store
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly log: Logger
  readonly wheel: IdleWheel
  readonly activityTimeoutSeconds: number
  /** How long a connection may be silent before it is pinged. */
  readonly pingAfterMs: number
  readonly pongTimeoutMs: number
  emit(event: HubEvent): void
}

/** Plain counters, read when metrics are scraped. */
export interface Traffic {
  messagesReceived: number
  bytesReceived: number
  messagesDelivered: number
  bytesDelivered: number
  broadcasts: number
}

/** One app on this node: its connections, the topics they hear, and what can be done to them. */
export class AppHub {
  readonly connections = new Map<string, Connection>()
  /** Joins and leaves of a channel, one after another. */
  readonly serial = new Serial()
  readonly subscriptionCounts: SubscriptionCounts
  readonly traffic: Traffic = {
    messagesReceived: 0,
    bytesReceived: 0,
    messagesDelivered: 0,
    bytesDelivered: 0,
    broadcasts: 0,
  }
  readonly #topics = new Map<string, Topic>()

  constructor(
    /** The newest description of the app; limits are read from it each time. */
    public app: App,
    readonly parts: HubParts,
  ) {
    this.subscriptionCounts = new SubscriptionCounts(this)
  }

  /** Topics this node hears for the app, channels among them. */
  get topicCount(): number {
    return this.#topics.size
  }

  /**
   * Publishes an event to each of its channels, in the cluster; cache channels keep it. Resolves when the broker took
   * all of it, rejects when it cannot promise delivery.
   */
  async publishToAll(event: CheckedEvent): Promise<void> {
    const dataLiteral = JSON.stringify(event.data) // encoded once, however many channels
    const first = event.channels[0]
    if (event.channels.length === 1 && first !== undefined) await this.#publish(first, event, dataLiteral)
    else await Promise.all(event.channels.map((channel) => this.#publish(channel, event, dataLiteral)))
  }

  async #publish(
    channel: string,
    { name, data, exceptSocketId }: CheckedEvent,
    dataLiteral: string,
  ): Promise<void> {
    const text = channelEvent(name, channel, dataLiteral)
    const except = exceptSocketId === undefined ? {} : { exceptSocketId }
    try {
      if (isCacheChannel(channel)) {
        const id = randomUUID()
        const ttlMs = this.app.cacheTtlSeconds * 1000
        const message: BrokerMessage = { type: 'deliver', text, ...except, retainedId: id }
        await this.parts.broker.publish(this.app.id, channel, message, { id, event: name, data, ttlMs })
      } else {
        await this.parts.broker.publish(this.app.id, channel, { type: 'deliver', text, ...except })
      }
    } catch (error) {
      this.parts.emit({ type: 'publish_failed', appId: this.app.id, channel, error })
      throw error
    }
    this.parts.emit({ type: 'published', appId: this.app.id, channel, name, data })
  }

  /** Sends a frame to a topic from within the hub, where nobody waits for the outcome. */
  async relay(topic: string, text: string, exceptSocketId?: string): Promise<void> {
    const message: BrokerMessage =
      exceptSocketId === undefined ? { type: 'deliver', text } : { type: 'deliver', text, exceptSocketId }
    try {
      await this.parts.broker.publish(this.app.id, topic, message)
    } catch (error) {
      this.parts.emit({ type: 'publish_failed', appId: this.app.id, channel: topic, error })
    }
  }

  /** Closes every connection signed in as `userId`, on all nodes. Source: protocol.md#termination-closes-signed-in. */
  async terminate(userId: string): Promise<void> {
    await this.parts.broker.publish(this.app.id, userChannel(userId), { type: 'terminate' })
  }

  /** What the broker brings for a topic. */
  deliver(topic: string, message: BrokerMessage): void {
    const recipients = this.#topics.get(topic)?.deliver(message) ?? 0
    if (recipients === 0 || message.type !== 'deliver') return
    this.traffic.broadcasts += 1
    this.traffic.messagesDelivered += recipients
    this.traffic.bytesDelivered += recipients * message.text.length
  }

  /**
   * Begins to hear `name` for `connection`: from here on nothing is lost, it waits in `held` until the topic admits the
   * connection. To be called within the topic's turn of {@link serial}.
   */
  async enter(name: string, connection: Connection, held: OutgoingMessage[]): Promise<Topic> {
    let topic = this.#topics.get(name)
    if (topic !== undefined) {
      topic.hold(connection, held)
      return topic
    }
    topic = new Topic()
    topic.hold(connection, held)
    this.#topics.set(name, topic)
    try {
      await this.parts.broker.subscribe(this.app.id, name)
    } catch (error) {
      this.#topics.delete(name)
      throw error
    }
    return topic
  }

  /** Ends what {@link enter} began; the last one out ends the node's interest. Within the topic's turn of `serial`. */
  async exit(name: string, connection: Connection): Promise<void> {
    const topic = this.#topics.get(name)
    if (topic === undefined) return
    topic.remove(connection)
    if (!topic.isEmpty) return
    this.#topics.delete(name)
    await this.parts.broker.unsubscribe(this.app.id, name)
  }

  /** Stops delivery to `connection` at once, before the topic's turn has come. */
  mute(name: string, connection: Connection): void {
    this.#topics.get(name)?.remove(connection)
  }
}
