/** One metric: its name follows {@link metricPrefix}. Labels are few and bounded: never a channel, user or socket. */
export interface Instrument {
  /** Counters only grow while the process lives; gauges go both ways. */
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
}

/** What every name begins with. */
export const metricPrefix = 'pogo_websocket_'

/** Every metric of the server; docs/reference/metrics.md is made from this table. */
export const instruments = {
  connections_active: {
    type: 'gauge',
    help: 'Open connections on this node.',
    labels: ['app_id'],
  },
  connections_opened_total: {
    type: 'counter',
    help: 'Connections that were opened.',
    labels: ['app_id'],
  },
  connections_closed_total: {
    type: 'counter',
    help: 'Open connections that ended, whoever ended them.',
    labels: ['app_id'],
  },
  connections_ended_total: {
    type: 'counter',
    help: 'Handshakes and connections the server ended itself, by close code; app_id is empty where none is known.',
    labels: ['app_id', 'code'],
  },
  slow_consumers_total: {
    type: 'counter',
    help: 'Connections ended because the client left more unread than maxPendingBytes.',
    labels: ['app_id'],
  },
  subscriptions_active: {
    type: 'gauge',
    help: 'Channel subscriptions of the connections on this node.',
    labels: ['app_id'],
  },
  topics_active: {
    type: 'gauge',
    help: 'Topics this node hears: channels, signed-in users and watched users.',
    labels: ['app_id'],
  },
  messages_received_total: {
    type: 'counter',
    help: 'Text frames received from clients.',
    labels: ['app_id'],
  },
  received_bytes_total: {
    type: 'counter',
    help: 'Size of the text frames received from clients, counted in UTF-16 units (bytes, for ASCII).',
    labels: ['app_id'],
  },
  messages_delivered_total: {
    type: 'counter',
    help: 'Events given to subscribers on this node, once per recipient.',
    labels: ['app_id'],
  },
  delivered_bytes_total: {
    type: 'counter',
    help: 'Size of the events given to subscribers, counted in UTF-16 units (bytes, for ASCII), once per recipient.',
    labels: ['app_id'],
  },
  broadcasts_total: {
    type: 'counter',
    help: 'Events that had at least one recipient on this node.',
    labels: ['app_id'],
  },
  events_published_total: {
    type: 'counter',
    help: 'Events accepted over HTTP or from the library, once per channel.',
    labels: ['app_id'],
  },
  client_events_total: {
    type: 'counter',
    help: 'Client events accepted.',
    labels: ['app_id'],
  },
  publish_failures_total: {
    type: 'counter',
    help: 'Messages the broker did not take; reason is an error code of the server or "other".',
    labels: ['app_id', 'reason'],
  },
  auth_failures_total: {
    type: 'counter',
    help: 'Refused channel authorisations, sign-ins and HTTP requests, by reason.',
    labels: ['app_id', 'reason'],
  },
  errors_sent_total: {
    type: 'counter',
    help: 'pusher:error frames that left the connection open, by code; "none" where the protocol has no number.',
    labels: ['app_id', 'code'],
  },
  webhook_deliveries_total: {
    type: 'counter',
    help: 'Webhook requests, by outcome: delivered, retried (once per attempt), given_up, dropped.',
    labels: ['app_id', 'outcome'],
  },
  webhook_dropped_total: {
    type: 'counter',
    help: 'Events inside webhook requests that were given up or dropped.',
    labels: ['app_id'],
  },
  webhook_queue_size: {
    type: 'gauge',
    help: 'Webhook requests that are not finished.',
    labels: [],
  },
  event_loop_delay_seconds: {
    type: 'gauge',
    help: 'Delay of the event loop since the last scrape; quantile is 0.5, 0.99 or 1 (the longest).',
    labels: ['quantile'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the process; mode is user or system.',
    labels: ['mode'],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory of the process that is in RAM.',
    labels: [],
  },
  process_heap_used_bytes: {
    type: 'gauge',
    help: 'Used part of the JavaScript heap.',
    labels: [],
  },
  process_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory of buffers and other objects outside the JavaScript heap.',
    labels: [],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since the Unix epoch.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Instrument>>

export type MetricName = keyof typeof instruments

/** The labels a metric must be given, all of them. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof instruments)[Name]['labels'][number], string>
>

/** Where values go. Unknown names and forgotten labels do not compile. */
export interface Recorder {
  /** Adds to a counter. */
  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, amount?: number): void
  /** Replaces a value, of a gauge or of a counter that is kept elsewhere. */
  set<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number): void
}
