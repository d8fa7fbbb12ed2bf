import type { AuthFailureReason } from '../contracts.js'

/**
 * Everything that happens in the hub, as one stream: webhooks, metrics and consoles are observers of it.
 * State changes (`channel_occupied`, `member_added` …) appear on the one node whose step in the store caused them.
 */
export type HubEvent = { readonly appId: string } & (
  | { readonly type: 'connection_opened'; readonly socketId: string }
  | { readonly type: 'connection_closed'; readonly socketId: string }
  /** A handshake or connection was ended by us with this code. */
  | { readonly type: 'connection_ended'; readonly code: number }
  | { readonly type: 'subscribed'; readonly socketId: string; readonly channel: string }
  | { readonly type: 'unsubscribed'; readonly socketId: string; readonly channel: string }
  | { readonly type: 'channel_occupied'; readonly channel: string }
  | { readonly type: 'channel_vacated'; readonly channel: string }
  | { readonly type: 'member_added'; readonly channel: string; readonly userId: string }
  | { readonly type: 'member_removed'; readonly channel: string; readonly userId: string }
  | { readonly type: 'cache_miss'; readonly channel: string }
  | { readonly type: 'subscription_count'; readonly channel: string; readonly count: number }
  | { readonly type: 'user_signed_in'; readonly socketId: string; readonly userId: string }
  | { readonly type: 'client_event'; readonly event: ClientEvent }
  /** The server took an event over HTTP or from the library. */
  | { readonly type: 'published'; readonly channel: string; readonly name: string; readonly data: string }
  | { readonly type: 'publish_failed'; readonly channel: string; readonly error: unknown }
  | { readonly type: 'auth_failed'; readonly socketId: string; readonly reason: AuthFailureReason }
  /** A request to the HTTP API that was not signed as it must be. */
  | { readonly type: 'request_unauthorized'; readonly reason: RequestFailureReason }
  /** A client left more unread than it may; the connection ends. */
  | { readonly type: 'connection_stalled'; readonly socketId: string }
  /** A `pusher:error` frame was sent; the connection lives on. */
  | {
      readonly type: 'refused'
      readonly socketId: string
      readonly code: number | null
      readonly message: string
    }
)

/** Why a request was not authenticated; labels of a metric. */
export type RequestFailureReason =
  AuthFailureReason | 'unsupported_version' | 'timestamp_expired' | 'body_mismatch'

/** A client event that was accepted. */
export interface ClientEvent {
  readonly channel: string
  readonly name: string
  /** As delivered: the string inside the frame's `data`. */
  readonly data: string
  readonly socketId: string
  /** Of the sender, on presence channels. */
  readonly userId?: string
}
