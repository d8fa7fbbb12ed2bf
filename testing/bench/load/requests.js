// Posts requests over kept connections; each is ready before its round begins.
import { connect } from 'node:net'
import { setImmediate } from 'node:timers'
import Pusher from 'pusher'
import { serve } from '../lib/serve.js'

const pusher = new Pusher({ appId: 'app', key: 'key', secret: 'secret', host: '127.0.0.1' })
const path = '/apps/app/events'

/** @type {Map<string, import('node:net').Socket[]>} */
const connections = new Map()
/** @type {Buffer[]} */
let requests = []

serve({
  /** Signs `count` publishes, each of its own event. */
  prepare(/** @type {number} */ count) {
    requests = Array.from({ length: count }, (_, index) => signedPublish(index))
  },

  async open(/** @type {string} */ name, /** @type {number} */ port, /** @type {number} */ count) {
    const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', noDelay: true }))
    connections.set(name, sockets)
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  },

  /** Posts each prepared request once, one at a time per connection. */
  async post(/** @type {string} */ name) {
    let next = 0
    const takeNext = () => requests[next++]
    const rest = keepAwake()
    await Promise.all((connections.get(name) ?? []).map((socket) => postAll(socket, takeNext)))
    rest()
  },
})

/**
 * Keeps this process awake until the answer is called. A load process that sleeps is woken by the server, at the
 * server's cost, and the more often the slower the server is: 15 µs of work would be measured as 20.
 */
function keepAwake() {
  let isAwake = true
  const again = () => {
    if (isAwake) setImmediate(again)
  }
  again()
  return () => {
    isAwake = false
  }
}

/** @param {number} index */
function signedPublish(index) {
  const order = { id: 100_000 + index, status: 'shipped', total: '129.90', updatedAt: '2024-05-01T12:00:00Z' }
  const body = JSON.stringify({ name: 'order.updated', channels: ['orders'], data: JSON.stringify(order) })
  const query = pusher.createSignedQueryString({ method: 'POST', path, body, params: {} })
  const head = [
    `POST ${path}?${query} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * @param {import('node:net').Socket} socket
 * @param {() => Buffer | undefined} takeNext
 */
function postAll(socket, takeNext) {
  return new Promise((resolve, reject) => {
    const post = () => {
      const request = takeNext()
      if (request !== undefined) {
        socket.write(request)
        return
      }
      socket.removeAllListeners()
      resolve(null)
    }
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!answer.includes('\r\n\r\n')) return
      if (!answer.startsWith('HTTP/1.1 200 ')) reject(new Error(`refused: ${answer}`))
      if (!answer.endsWith('\r\n\r\n{}')) return
      answer = ''
      post()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    post()
  })
}
