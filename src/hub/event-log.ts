import type { Logger } from '../log.js'
import type { HubEvent } from './events.js'

/** Writes the life of connections to the log; never payloads. */
export function logHubEvent(log: Logger, event: HubEvent): void {
  switch (event.type) {
    case 'publish_failed':
      log.warn({ appId: event.appId, channel: event.channel, err: event.error }, 'publish failed')
      return
    case 'connection_opened':
    case 'connection_closed':
    case 'connection_ended':
    case 'subscribed':
    case 'unsubscribed':
    case 'user_signed_in':
    case 'auth_failed':
    case 'request_unauthorized':
    case 'connection_stalled': {
      const { type, ...fields } = event
      log.debug(fields, type.replaceAll('_', ' '))
      return
    }
    case 'refused':
      // Without its text, which may quote what the client sent.
      log.debug({ appId: event.appId, socketId: event.socketId, code: event.code }, 'refused')
      return
    default:
    // Events and state changes are counted by the metrics; one line each would drown the rest.
  }
}
