import { appOptions } from './app-options.js'
import { boolean, daySeconds, seconds, text, whole, type Options, type TableOf } from './option.js'
import * as rules from './rules.js'
import type { MetricsOptions, PlaygroundOptions, ServerOptions, TlsOptions } from './server-options.js'

const tls = {
  cert: {
    type: text(rules.file),
    required: true,
    flag: 'tls-cert',
    description: 'File with the certificate and its chain, in PEM.',
  },
  key: {
    type: text(rules.file),
    required: true,
    flag: 'tls-key',
    description: 'File with the private key, in PEM.',
  },
} satisfies TableOf<TlsOptions>

const metrics = {
  host: { type: text(rules.host), default: '127.0.0.1', description: 'Address of the metrics listener.' },
  port: {
    type: whole(0, 65_535),
    default: 9601,
    flag: 'metrics-port',
    description: 'Port of the metrics listener; 0 takes any free one.',
  },
} satisfies TableOf<MetricsOptions>

const playground = {
  token: {
    type: text(rules.pageToken),
    secret: true,
    flag: 'playground-token',
    description:
      'What the address of the page must carry; made at each start unless given, and not needed in development mode.',
  },
} satisfies TableOf<PlaygroundOptions>

/**
 * The one table of options. Parsing of flags, environment and file, defaults, `--help`, the reference page, the JSON
 * Schema and what must not be shown are all read off it.
 */
export const serverOptions: Options = {
  host: {
    type: text(rules.host),
    default: '127.0.0.1',
    flag: 'host',
    description: 'Address to listen on; 0.0.0.0 and :: listen on all.',
  },
  port: {
    type: whole(0, 65_535),
    default: 8080,
    flag: 'port',
    description: 'Port to listen on; 0 takes any free one.',
  },
  path: { type: text(rules.pathPrefix), default: '', flag: 'path', description: 'Put before every route.' },
  tls: {
    type: { kind: 'group', members: tls, isOff: true },
    default: null,
    description: 'Certificate for https and wss, read again when the files change.',
  },
  activityTimeoutSeconds: {
    type: whole(1, daySeconds, 'seconds'),
    default: 120,
    description: 'Silence after which a client asks whether the server lives; told to it in the greeting.',
  },
  pingIntervalSeconds: {
    type: seconds(0.01, daySeconds),
    default: 60,
    description: 'Silence after which the server asks whether a client lives.',
  },
  pongTimeoutSeconds: {
    type: seconds(0.01, daySeconds),
    default: 30,
    description: 'How long the answer to that may take before the connection is closed.',
  },
  shutdownTimeoutSeconds: {
    type: seconds(0, daySeconds),
    default: 10,
    description: 'How long stopping may take: closing connections, delivering webhooks.',
  },
  maxConnections: { type: whole(0, 10_000_000), default: 10_000, description: 'Connections of this node.' },
  maxPendingBytes: {
    type: whole(0, 1_073_741_824, 'bytes'),
    default: 1_048_576,
    description: 'Bytes a client may leave unread before it is closed.',
  },
  handshakesPerSecond: {
    type: { ...whole(0, 1_000_000), nullable: true },
    default: null,
    description: 'New connections per second from one address.',
  },
  handshakeBurst: {
    type: whole(1, 1_000_000),
    default: 50,
    description: 'New connections from one address before handshakesPerSecond counts.',
  },
  trustedProxies: {
    type: { kind: 'list', rule: rules.proxyAddress },
    default: [],
    description: 'Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
  },
  metrics: {
    type: { kind: 'group', members: metrics, isOff: true },
    default: null,
    description: 'Listener for metrics in the format of Prometheus.',
  },
  dev: {
    type: boolean,
    default: false,
    flag: 'dev',
    description:
      'Development mode, on loopback only: the demo app when none is given, and the page without a token.',
  },
  playground: {
    type: { kind: 'group', members: playground, isOff: true, isToggle: true },
    default: null,
    flag: 'playground',
    description: 'The page at "/"; on in development mode, otherwise behind its token.',
  },
  apps: {
    type: { kind: 'groups', members: appOptions, noun: 'app' },
    description: 'The apps this server serves; at least one, unless in development mode.',
  },
} satisfies TableOf<ServerOptions>

/** What `--dev` serves when no app is given. */
export const demoApp = { id: 'app', key: 'key', secret: 'secret' } as const
