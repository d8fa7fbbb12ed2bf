import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { hmacHex } from '../auth.js'
import { app1 } from '../test-server.js'
import type { Mutation } from './mutation.js'
import { mutation, spoil, spoilText } from './mutation.js'

/** A request to the HTTP API, spoilt before or after it was signed. */
export interface RequestStep {
  readonly kind:
    'event' | 'events' | 'batch' | 'channels' | 'channel' | 'users' | 'terminate' | 'health' | 'upgrade'
  readonly method: string | null
  readonly channel: string
  readonly body: Mutation
  readonly path: Mutation
  /** More of the query, as it is spelled in the address. */
  readonly query: string
  /** Of the query, after it was signed. */
  readonly afterSigning: Mutation
}

const none: fc.Arbitrary<Mutation> = fc.constant({ type: 'none' })
const seldom = fc.oneof({ weight: 6, arbitrary: none }, { weight: 1, arbitrary: mutation })

const oddQueries = [
  ...[
    'info=user_count',
    'info=cache',
    'info=subscription_count,user_count',
    'info=__proto__',
    'info=',
    'info',
  ],
  ...['filter_by_prefix=presence-', 'filter_by_prefix=%', 'filter_by_prefix=%ff', 'filter_by_prefix=a;b@c=d'],
  ...[
    '__proto__=x',
    '__proto__[]=x',
    'constructor[prototype]=x',
    'a[0]=1&a[1]=2&a[]=3',
    'a[b][c]=1',
    '[]=x',
    '=x',
  ],
  ...[
    '=',
    '&&&',
    'INFO=user_count',
    'info=user_count&info=cache',
    'auth_key=other',
    'auth_version=2.0',
    '%00=%00',
  ],
  ...[
    'auth_timestamp=1',
    'auth_signature=x',
    'body_md5=x',
    'name=e&data=x&channels[]=news',
    'x=%F0%9F%9A%80+%2B',
  ],
  'x=%ED%A0%80',
  `x=${'y'.repeat(2000)}`,
]

export const requestStep: fc.Arbitrary<RequestStep> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('event' as const, 'events' as const, 'batch' as const) },
    { weight: 4, arbitrary: fc.constantFrom('channels' as const, 'channel' as const, 'users' as const) },
    { weight: 1, arbitrary: fc.constantFrom('terminate' as const, 'health' as const, 'upgrade' as const) },
  ),
  method: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH') },
  ),
  channel: fc.constantFrom(
    'news',
    'presence-a',
    'cache-a',
    'private-a',
    '__proto__',
    'a b',
    '..',
    '#server-to-user-u1',
  ),
  body: mutation,
  path: seldom,
  query: fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom(...oddQueries) },
  ),
  afterSigning: seldom,
})

/** A request as it is sent; what its right signature would be is not to be found in any answer. */
export interface BuiltRequest {
  readonly bytes: Buffer
  readonly rightSignatures: readonly string[]
}

/** The bytes of a request that any HTTP parser takes, whatever it says. */
export function buildRequest(step: RequestStep): BuiltRequest {
  const { method: defaultMethod, path: goodPath, content } = contentOf(step)
  const method = step.method ?? defaultMethod
  const path = `/${printable(spoilText(goodPath, step.path).replaceAll('?', ''))}`.replace(/^\/+/, '/')
  const body = content === undefined ? '' : spoil(content, step.body)
  const bodyBytes = Buffer.from(body)
  const auth = [
    `auth_key=${app1.key}`,
    `auth_timestamp=${Math.floor(Date.now() / 1000)}`,
    'auth_version=1.0',
    ...(bodyBytes.length > 0 ? [`body_md5=${createHash('md5').update(bodyBytes).digest('hex')}`] : []),
    ...(step.query === '' ? [] : [step.query]),
  ].join('&')
  const good = signatureOf(method, path, auth)
  const query = printable(spoilText(`${auth}&auth_signature=${good}`, step.afterSigning))
  const upgrade = step.kind === 'upgrade' ? 'Connection: keep-alive\r\nUpgrade: websocket\r\n' : ''
  const head = `${method} ${path}?${query} HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: ${bodyBytes.length}\r\n\r\n`
  return {
    bytes: Buffer.concat([Buffer.from(head), bodyBytes]),
    rightSignatures: [good, signatureOf(method, path, query)],
  }
}

function contentOf({ kind, channel }: RequestStep): { method: string; path: string; content?: unknown } {
  const apps = `apps/${app1.id}`
  const segment = encodeURIComponent(channel)
  const event = { name: 'e', data: '{"a":"é"}', socket_id: '1.1', info: 'user_count,subscription_count' }
  switch (kind) {
    case 'event':
      return { method: 'POST', path: `${apps}/events`, content: { ...event, channel } }
    case 'events':
      return {
        method: 'POST',
        path: `${apps}/events`,
        content: { ...event, channels: [channel, 'news', 'cache-a'] },
      }
    case 'batch': {
      const batch = [
        { ...event, channel },
        { name: 'e', data: '', channel: 'news' },
      ]
      return { method: 'POST', path: `${apps}/batch_events`, content: { batch } }
    }
    case 'channels':
      return { method: 'GET', path: `${apps}/channels` }
    case 'channel':
      return { method: 'GET', path: `${apps}/channels/${segment}` }
    case 'users':
      return { method: 'GET', path: `${apps}/channels/${segment}/users` }
    case 'terminate':
      return { method: 'POST', path: `${apps}/users/nobody/terminate_connections`, content: {} }
    case 'health':
      return { method: 'GET', path: 'up' }
    case 'upgrade':
      return { method: 'GET', path: `app/${app1.key}` }
  }
}

/** What a request target may hold without ending the connection. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]|#/gu, (character) =>
    character === '#' ? '%23' : encodeURIComponent(Buffer.from(character).toString()),
  )
}

/** The signature that a request with this query should have. */
function signatureOf(method: string, path: string, query: string): string {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const array = /^(.+)\[\d*\]$/.exec(name)?.[1]
    const before = array === undefined ? undefined : parameters.get(array.toLowerCase())
    parameters.set((array ?? name).toLowerCase(), before === undefined ? value : `${before},${value}`)
  }
  parameters.delete('auth_signature')
  const text = [...parameters.keys()].sort().map((name) => `${name}=${parameters.get(name)}`)
  return hmacHex(app1.secret, `${method}\n${path}\n${text.join('&')}`)
}
