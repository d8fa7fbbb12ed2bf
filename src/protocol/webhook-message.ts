/** What a webhook tells, by event name. Source: protocol.md#webhooks-events. */
export type WebhookEvent =
  | { readonly name: 'channel_occupied' | 'channel_vacated' | 'cache_miss'; readonly channel: string }
  | { readonly name: 'member_added' | 'member_removed'; readonly channel: string; readonly user_id: string }
  | {
      readonly name: 'client_event'
      readonly channel: string
      readonly event: string
      readonly data: string
      readonly socket_id: string
      readonly user_id?: string
    }
  | { readonly name: 'subscription_count'; readonly channel: string; readonly subscription_count: number }

export type WebhookEventName = WebhookEvent['name']

export const webhookEventNames = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const satisfies readonly WebhookEventName[]

/** The body of one request: `{"time_ms":1327078148132,"events":[…]}`. Source: protocol.md#webhooks-body. */
export function webhookBody(timeMs: number, events: readonly WebhookEvent[]): string {
  return JSON.stringify({ time_ms: timeMs, events })
}
