// One app's connection to the server, made with the real pusher-js, and its subscriptions.

const states = {
  initialized: 'Starting…',
  connecting: 'Connecting…',
  connected: 'Connected',
  unavailable: 'The server cannot be reached; trying again',
  failed: 'This browser cannot open WebSockets',
  disconnected: 'Disconnected',
}

/** What to do about it, by the code with which the server refuses or closes. */
const remedies = {
  4000: 'Open this page over https.',
  4003: 'Enable the app in the configuration of the server.',
  4004: 'Raise limits.connections of the app, or close other connections.',
  4009: "If the app has allowedOrigins, add this page's address.",
  4100: 'The server is full or stopping; the page comes back by itself.',
}

/** Why pusher-js cannot subscribe to this name, or null. @param {string} name */
export function subscribeProblem(name) {
  if (name.startsWith('private-encrypted-')) {
    return 'Encrypted channels need a key that only your application has; this page cannot subscribe to them.'
  }
  // pusher-js keeps channels in an ordinary object.
  if (name in {}) return `pusher-js cannot subscribe to '${name}'. It is a valid channel for other clients.`
  return null
}

/** @param {string} name */
export function channelHint(name) {
  if (name.startsWith('private-encrypted-')) return 'Encrypted: not possible here.'
  if (name.startsWith('private-')) return 'Private: the server signs for this page.'
  if (name.startsWith('presence-')) return 'Presence: this page joins as a member; open it twice to see two.'
  return 'Public: anyone with the key may subscribe.'
}

/** Posts to the server and answers its text. @throws {Error} that says why not, in words */
export async function post(path, type, body) {
  let response
  try {
    response = await fetch(path, { method: 'POST', headers: { 'Content-Type': type }, body })
  } catch {
    throw new Error('The server did not answer: is it still running?')
  }
  const text = await response.text()
  if (!response.ok) throw new Error(text === '' ? `The server answered ${response.status}` : text)
  return text
}

/**
 * @typedef {object} SessionEvents
 * @property {(state: string, words: string) => void} state
 * @property {(entry: import('./event-log.js').Entry) => void} entry
 * @property {(words: string) => void} problem
 * @property {() => void} subscriptions they changed
 */

/** A connection for one app; it ends with {@link close}. */
export class Session {
  /** Name -> state in words. @type {Map<string, string>} */
  subscriptions = new Map()

  /**
   * @param {{ id: string, key: string }} app
   * @param {{ isTls: boolean, host: string, port: number, path: string }} address
   * @param {string} member id of this page in presence channels
   * @param {SessionEvents} tell
   */
  constructor(app, address, member, tell) {
    this.app = app
    this.tell = tell
    this.pusher = new Pusher(app.key, {
      cluster: '',
      wsHost: address.host,
      wsPort: address.port,
      wssPort: address.port,
      wsPath: address.path,
      forceTLS: address.isTls,
      enabledTransports: ['ws'],
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, callback) => {
          const form = { app: app.id, member, socket_id: socketId, channel_name: channelName }
          const text = new window.URLSearchParams(form).toString()
          post('playground/auth', 'application/x-www-form-urlencoded', text).then(
            (answer) => callback(null, JSON.parse(answer)),
            (error) => callback(error, null),
          )
        },
      },
    })
    this.pusher.connection.bind('state_change', ({ current }) => this.#changed(current))
    this.pusher.connection.bind('error', (error) => this.#failed(error))
    this.#changed(this.pusher.connection.state)
  }

  get isOpen() {
    return !['disconnected', 'failed'].includes(this.pusher.connection.state)
  }

  toggle() {
    if (this.isOpen) this.pusher.disconnect()
    else this.pusher.connect()
  }

  close() {
    this.pusher.connection.unbind()
    for (const name of this.subscriptions.keys()) this.pusher.channel(name)?.unbind()
    this.pusher.disconnect()
  }

  subscribe(name) {
    const again = this.pusher.channel(name)
    if (again?.subscribed) return
    if (this.subscriptions.has(name)) this.unsubscribe(name) // it was refused; this is another try
    this.#set(name, this.pusher.connection.state === 'connected' ? 'waiting for the server' : 'not connected')
    const channel = this.pusher.subscribe(name)
    channel.bind_global((event, data) => this.#received(channel, event, data))
  }

  unsubscribe(name) {
    this.pusher.channel(name)?.unbind()
    this.pusher.unsubscribe(name)
    this.subscriptions.delete(name)
    this.tell.subscriptions()
  }

  #set(name, words) {
    this.subscriptions.set(name, words)
    this.tell.subscriptions()
  }

  #received(channel, event, data) {
    const { name } = channel
    const { tell } = this
    const count = () =>
      `subscribed, ${channel.members.count} ${channel.members.count === 1 ? 'member' : 'members'}`
    switch (event) {
      case 'pusher:subscription_succeeded':
        this.#set(name, channel.members === undefined ? 'subscribed' : count())
        return tell.entry({ kind: 'note', channel: name, name: 'subscribed' })
      case 'pusher:subscription_error':
        this.#set(name, `refused: ${data.error}`)
        return tell.entry({ kind: 'problem', channel: name, name: `refused: ${data.error}` })
      case 'pusher:member_added':
      case 'pusher:member_removed': {
        this.#set(name, count())
        const happened = event.endsWith('added') ? 'joined' : 'left'
        return tell.entry({ kind: 'note', channel: name, name: `member ${data.id} ${happened}` })
      }
      case 'pusher:subscription_count':
        return undefined
      case 'pusher:cache_miss':
        return tell.entry({ kind: 'note', channel: name, name: 'the cache holds no event' })
      default:
        return tell.entry({ kind: 'received', channel: name, name: event, data: JSON.stringify(data) })
    }
  }

  #changed(state) {
    this.tell.state(state, states[state] ?? state)
    const socketId = state === 'connected' ? `, socket ${this.pusher.connection.socket_id}` : ''
    const words = `${states[state] ?? state}${socketId}`
    if (['connected', 'unavailable', 'failed', 'disconnected'].includes(state)) {
      this.tell.entry({
        kind: state === 'connected' || state === 'disconnected' ? 'note' : 'problem',
        name: words,
      })
    }
    if (state === 'connected') return
    for (const name of this.subscriptions.keys()) this.subscriptions.set(name, 'not connected')
    this.tell.subscriptions()
  }

  /** pusher-js tells a refusal as `{ data: { code, message } }`, a broken connection without. */
  #failed(error) {
    const { code, message } = error?.data ?? error?.error?.data ?? {}
    const words =
      message === undefined
        ? 'The connection could not be made or broke: is the server still running?'
        : [code ? `${message} (${code}).` : `${message}.`, remedies[code]].filter(Boolean).join(' ')
    this.tell.entry({ kind: 'problem', name: words })
    this.tell.problem(words)
  }
}
