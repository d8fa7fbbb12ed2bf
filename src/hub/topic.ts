import type { BrokerMessage, OutgoingMessage } from '../contracts.js'
import { closeCodes } from '../protocol/errors.js'
import type { Connection } from './connection.js'

/** A frame that is encoded when the first transport needs it. */
export function outgoing(text: string, retainedId?: string): OutgoingMessage {
  return { text, retainedId, encoded: null }
}

/** The connections of this node that hear one broker topic: a channel, the messages to a user, or a user's presence. */
export class Topic {
  readonly #subscribers = new Set<Connection>()
  /** Connections on their way in, with what arrived for them since; they get it after their answer. */
  readonly #joining = new Map<Connection, OutgoingMessage[]>()

  /** What is delivered from now on is kept in `held` for `connection` until it is admitted. */
  hold(connection: Connection, held: OutgoingMessage[]): void {
    this.#joining.set(connection, held)
  }

  /** From now on `connection` gets what is delivered. */
  admit(connection: Connection): void {
    this.#joining.delete(connection)
    this.#subscribers.add(connection)
  }

  remove(connection: Connection): void {
    this.#joining.delete(connection)
    this.#subscribers.delete(connection)
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0 && this.#joining.size === 0
  }

  /** Hands a message to every local subscriber; answers how many got it. */
  deliver(message: BrokerMessage): number {
    if (message.type === 'terminate') {
      for (const connection of [...this.#subscribers, ...this.#joining.keys()]) {
        connection.end(closeCodes.unauthorized, 'Connection terminated by the application')
      }
      return 0
    }
    return this.#broadcast(outgoing(message.text, message.retainedId), message.exceptSocketId)
  }

  #broadcast(message: OutgoingMessage, exceptSocketId: string | undefined): number {
    for (const [connection, held] of this.#joining) {
      if (connection.socketId !== exceptSocketId) held.push(message)
    }
    let recipients = 0
    for (const connection of this.#subscribers) {
      if (exceptSocketId !== undefined && connection.socketId === exceptSocketId) continue
      connection.transport.send(message)
      recipients += 1
    }
    return recipients
  }
}
