import { webhookEventNames } from '../protocol/webhook-message.js'
import { boolean, daySeconds, hourMs, seconds, text, whole, type TableOf } from './option.js'
import * as rules from './rules.js'
import type { AppOptions, LimitOptions, TokenOptions, WebhookOptions } from './server-options.js'

const tokens = {
  key: { type: text(rules.appKey), required: true, description: 'Key of a further token.' },
  secret: { type: text(rules.secret), required: true, secret: true, description: 'Secret of this key.' },
} satisfies TableOf<TokenOptions>

const limits = {
  connections: {
    type: { ...whole(0, 10_000_000), nullable: true },
    default: null,
    description: 'Connections of the app over all nodes.',
  },
  channelsPerConnection: {
    type: whole(0, 1_000_000),
    default: 1000,
    description: 'Subscriptions of one connection.',
  },
  channelNameLength: {
    type: whole(1, 1000),
    default: 164,
    description: 'Characters of a channel name, prefix included.',
  },
  eventNameLength: { type: whole(1, 1000), default: 200, description: 'Characters of an event name.' },
  eventPayloadBytes: {
    type: whole(1, 16_777_216, 'bytes'),
    default: 10_240,
    description: "UTF-8 bytes of an event's data, over HTTP and from clients alike.",
  },
  channelsPerEvent: { type: whole(1, 10_000), default: 100, description: 'Channels of one published event.' },
  eventsPerBatch: { type: whole(1, 1000), default: 10, description: 'Events of one batch.' },
  clientEventsPerSecond: {
    type: whole(0, 1_000_000),
    default: 10,
    description: 'Client events per second and connection.',
  },
  presenceMembers: {
    type: whole(0, 100_000),
    default: 100,
    description: 'Distinct users of one presence channel.',
  },
  presenceMemberBytes: {
    type: whole(1, 1_048_576, 'bytes'),
    default: 1024,
    description: "UTF-8 bytes of a presence member's data.",
  },
  watchlistUsers: {
    type: whole(0, 10_000),
    default: 100,
    description: 'Users on the watchlist of one user.',
  },
} satisfies TableOf<LimitOptions>

const webhooks = {
  url: { type: text(rules.webhookUrl), required: true, description: 'Where events are posted to.' },
  events: {
    type: { kind: 'list', rule: rules.webhookEvent },
    default: webhookEventNames,
    description: 'Names of the events that are sent; without it every event is.',
  },
  channelPrefix: {
    type: text(rules.channelPrefix),
    default: '',
    description: 'Only events of channels whose name begins so.',
  },
  headers: {
    type: { kind: 'headers' },
    default: {},
    secret: true,
    description: 'Further headers of each request, for example for authorization.',
  },
  maxBatchEvents: { type: whole(1, 1000), default: 20, description: 'Events that may share one request.' },
  maxBatchWaitMs: {
    type: whole(0, 60_000, 'milliseconds'),
    default: 250,
    description: 'How long an event waits for others to share its request.',
  },
  timeoutMs: {
    type: whole(1, 120_000, 'milliseconds'),
    default: 4000,
    description: 'How long one attempt may take.',
  },
  retrySeconds: {
    type: seconds(0, daySeconds),
    default: 300,
    description: 'How long a failed request is tried again before it is given up.',
  },
} satisfies TableOf<WebhookOptions>

/** The rows of an app, of which there may be any number; part of the one table in `options.ts`. */
export const appOptions = {
  id: {
    type: text(rules.appId),
    required: true,
    flag: 'app-id',
    env: 'WS_APP_ID',
    description: 'Names the app in the HTTP API.',
  },
  key: {
    type: text(rules.appKey),
    defaultsTo: 'id',
    flag: 'app-key',
    env: 'WS_APP_KEY',
    description: 'Names the app to clients.',
  },
  secret: {
    type: text(rules.secret),
    required: true,
    secret: true,
    flag: 'app-secret',
    env: 'WS_APP_SECRET',
    description: 'Signs requests, auth strings and webhooks.',
  },
  tokens: {
    type: { kind: 'groups', members: tokens, noun: 'token' },
    default: [],
    description:
      'Further keys and secrets that are valid too, so that credentials can be exchanged without a gap.',
  },
  enabled: { type: boolean, default: true, description: 'Whether clients may connect.' },
  clientEvents: { type: boolean, default: true, description: 'Whether clients may send client events.' },
  subscriptionCount: {
    type: boolean,
    default: false,
    description: 'Whether subscribers are told how many they are, and the API may be asked.',
  },
  subscriptionCountIntervalMs: {
    type: whole(0, hourMs, 'milliseconds'),
    default: 5000,
    description: 'Least time between two counts of a channel with more than 100 subscribers.',
  },
  watchlist: {
    type: boolean,
    default: false,
    description: 'Whether users who sign in are told who of their watchlist is online.',
  },
  authorizedConnections: {
    type: boolean,
    default: false,
    description:
      'Whether connections that neither sign in nor subscribe to a channel with authorization are closed.',
  },
  authorizationTimeoutSeconds: {
    type: seconds(0.01, daySeconds),
    default: 30,
    description: 'How long such a connection may wait before it authorises itself.',
  },
  requireTls: { type: boolean, default: false, description: 'Whether connections without TLS are refused.' },
  subscriptionErrors: {
    type: { kind: 'choice', values: ['official', 'both'] },
    default: 'official',
    description:
      'How a refused subscription is told: as the official service does, or also as pusher:subscription_error.',
  },
  allowedOrigins: {
    type: { kind: 'list', rule: rules.allowedOrigin, nullable: true },
    default: null,
    description: 'Web origins that may connect; null means any.',
  },
  limits: { type: { kind: 'group', members: limits }, description: 'Limits of the app.' },
  cacheTtlSeconds: {
    type: seconds(0, 14 * daySeconds),
    default: 1800,
    description: 'How long a cache channel keeps its last event.',
  },
  webhookDelayMs: {
    type: whole(0, hourMs, 'milliseconds'),
    default: 3000,
    description: 'How long channel_vacated and member_removed wait for a return that makes them untrue.',
  },
  webhooks: {
    type: { kind: 'groups', members: webhooks, noun: 'webhook endpoint' },
    default: [],
    description: 'Endpoints that are told what happens in the app.',
  },
} satisfies TableOf<AppOptions>
