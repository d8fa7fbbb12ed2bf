import type { Socket } from 'node:net'

/**
 * Delivery, the hot path. The write to a socket is what costs, so the frames that a socket is owed within one turn of
 * the event loop leave in one write; and sockets that are owed the same frames in the same order, as the subscribers of
 * a busy channel are, share one joined buffer. Nothing here encodes, parses, logs or allocates per recipient.
 * See docs/decisions/0001-engine.md.
 */

/** From so many bytes on a socket does not wait for the end of the turn. */
const WRITE_AT_BYTES = 128 * 1024

const NOTHING = Buffer.alloc(0)

/** Frames in order. Appending the same frame to the same sequence gives the same object, however many sockets do it. */
class Sequence {
  #nextFrame: Buffer | null = null
  #next: Sequence | null = null
  #joined: Buffer | null = null

  constructor(
    private readonly before: Sequence | null,
    private readonly frame: Buffer,
    readonly bytes: number,
  ) {}

  then(frame: Buffer): Sequence {
    // One remembered successor is enough: a broadcast appends its frame to all its sockets before the next one begins.
    if (this.#next === null || this.#nextFrame !== frame) {
      this.#next = new Sequence(this, frame, this.bytes + frame.length)
      this.#nextFrame = frame
    }
    return this.#next
  }

  /** All frames in one buffer; joined once, whoever asks. */
  joined(): Buffer {
    if (this.#joined !== null) return this.#joined
    if (this.bytes === this.frame.length) return this.frame
    this.#joined = Buffer.allocUnsafe(this.bytes)
    let end = this.bytes - this.frame.copy(this.#joined, this.bytes - this.frame.length)
    for (let before = this.before; before !== null; before = before.before) {
      end -= before.frame.length
      before.frame.copy(this.#joined, end)
    }
    return this.#joined
  }
}

/** What all sockets of a server are owed in this turn. */
export class Outbox {
  /** Where the sequences of this turn begin. */
  #start = new Sequence(null, NOTHING, 0)
  #owing: SocketQueue[] = []

  /** @internal */
  begin(queue: SocketQueue, frame: Buffer): Sequence {
    // setImmediate runs when the events of this turn have been handled, so that their deliveries leave together.
    if (this.#owing.length === 0) setImmediate(this.#writeAll)
    this.#owing.push(queue)
    return this.#start.then(frame)
  }

  readonly #writeAll = (): void => {
    const owing = this.#owing
    this.#owing = []
    this.#start = new Sequence(null, NOTHING, 0)
    for (const queue of owing) queue.write()
  }
}

/** The frames one socket is owed. */
export class SocketQueue {
  #queued: Sequence | null = null

  /**
   * `maxPendingBytes` bounds what the socket may leave unread; beyond it the queue is dropped and its owner told.
   * A single frame is always taken when nothing else is pending.
   */
  constructor(
    private readonly outbox: Outbox,
    private readonly socket: Socket,
    private readonly maxPendingBytes: number,
    private readonly owner: { stalled(): void },
  ) {}

  push(frame: Buffer): void {
    this.#queued = this.#queued === null ? this.outbox.begin(this, frame) : this.#queued.then(frame)
    if (this.#queued.bytes >= WRITE_AT_BYTES) this.write()
  }

  /** Hands what is queued to the socket now. */
  write(): void {
    const queued = this.#queued
    if (queued === null) return
    this.#queued = null
    const pendingBytes = this.socket.writableLength
    if (pendingBytes > 0 && pendingBytes + queued.bytes > this.maxPendingBytes) {
      this.owner.stalled()
      return
    }
    this.socket.write(queued.joined())
  }
}
