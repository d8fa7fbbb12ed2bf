/** The Pusher protocol as pure functions: strings and objects in and out, no sockets, no timers. */
export * from './channel-name.js'
export * from './client-message.js'
export * from './errors.js'
export * from './presence.js'
export * from './server-message.js'
export * from './signature.js'
export * from './socket-id.js'
export * from './webhook-message.js'
