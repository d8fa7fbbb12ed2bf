// Holds subscribers: bare sockets that count what arrives and look at none of it.
import { connect } from 'node:net'
import { serve } from '../lib/serve.js'
import { maskedTextFrame, upgradeRequest } from '../lib/websocket.js'

/** So many handshakes at the same time. */
const AT_ONCE = 50

/**
 * The subscribers of one server.
 * @typedef {object} Group
 * @property {import('node:net').Socket[]} sockets
 * @property {number[]} bytes what each got since it subscribed
 * @property {number} total what all got
 * @property {number} expected
 * @property {(() => void) | null} complete
 * @property {((index: number, before: number) => void) | null} received
 */

/** @type {Map<string, Group>} */
const groups = new Map()

/** @type {(name: string) => Group} */
function groupOf(name) {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`no subscribers of ${name}`)
  return group
}

serve({
  /** Opens connections; with a channel they subscribe to it. */
  async open(
    /** @type {string} */ name,
    /** @type {number} */ port,
    /** @type {number} */ count,
    /** @type {string | null} */ channel,
  ) {
    /** @type {Group} */
    const group = { sockets: [], bytes: [], total: 0, expected: 0, complete: null, received: null }
    groups.set(name, group)
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, at) =>
        open(group, opened + at, port, channel),
      )
      await Promise.all(batch)
    }
    group.total = 0
    group.bytes.fill(0)
  },

  /** Resolves when all of the group together got `bytes` more. */
  async receive(/** @type {string} */ name, /** @type {number} */ bytes) {
    const group = groupOf(name)
    group.expected += bytes
    if (group.total < group.expected) await new Promise((resolve) => (group.complete = () => resolve(null)))
    if (group.total > group.expected)
      throw new Error(`${name} sent ${group.total - group.expected} bytes too many`)
  },

  /** From now on notes when each subscriber has each message, of `messageBytes` bytes each. */
  watch(/** @type {string} */ name, /** @type {number} */ messageBytes) {
    const group = groupOf(name)
    const start = [...group.bytes]
    /** @type {[message: number, atNanoseconds: string][]} */
    arrivals = []
    group.received = (index, before) => {
      const at = String(process.hrtime.bigint())
      const from = start[index] ?? 0
      const first = Math.floor((before - from) / messageBytes)
      const end = Math.floor(((group.bytes[index] ?? 0) - from) / messageBytes)
      for (let message = first; message < end; message++) arrivals.push([message, at])
    }
  },

  /** Ends what `watch` began; answers what was noted. */
  watched(/** @type {string} */ name) {
    groupOf(name).received = null
    return arrivals
  },

  close(/** @type {string} */ name) {
    for (const socket of groupOf(name).sockets) socket.resetAndDestroy()
    groups.delete(name)
  },
})

/** @type {[message: number, atNanoseconds: string][]} */
let arrivals = []

/** All sockets read into the same memory; nobody looks at it for longer than a call. */
const buffer = Buffer.alloc(256 * 1024)

/**
 * @param {Group} group
 * @param {number} index
 * @param {number} port
 * @param {string | null} channel
 * @returns {Promise<void>}
 */
function open(group, index, port, channel) {
  return new Promise((resolve, reject) => {
    let answer = ''
    let isOpen = false
    let isReady = false
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback(bytes) {
          if (isReady) {
            count(group, index, bytes)
            return true
          }
          answer += buffer.toString('latin1', 0, bytes)
          if (!isOpen && answer.includes('\r\n\r\n')) {
            isOpen = true
            if (channel !== null)
              socket.write(maskedTextFrame({ event: 'pusher:subscribe', data: { channel } }))
          }
          if (isOpen && (channel === null || answer.includes('subscription_succeeded'))) {
            isReady = true
            resolve()
          }
          return true
        },
      },
    })
    group.sockets[index] = socket
    group.bytes[index] = 0
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed: ${answer.slice(-200)}`)))
    socket.write(upgradeRequest('/app/key?protocol=7'))
  })
}

/** @param {Group} group @param {number} index @param {number} bytes */
function count(group, index, bytes) {
  const before = group.bytes[index] ?? 0
  group.bytes[index] = before + bytes
  group.total += bytes
  group.received?.(index, before)
  if (group.complete === null || group.total < group.expected) return
  group.complete()
  group.complete = null
}
