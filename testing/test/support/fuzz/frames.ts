import fc from 'fast-check'
import { channelAuth, needsAuth, userAuth } from '../auth.js'
import { encodeFrame, OPCODE } from '../frame-codec.js'
import type { RawClient } from '../raw-client.js'
import { app1 } from '../test-server.js'
import type { Mutation } from './mutation.js'
import { mutation, spoil } from './mutation.js'

/** A message of a client, spoilt before or after it was signed. */
export interface FrameStep {
  readonly kind: 'subscribe' | 'unsubscribe' | 'signin' | 'client-event' | 'ping' | 'pong' | 'unknown'
  readonly channel: string
  readonly user: string
  /** Of what is signed: `channel_data` or `user_data`. */
  readonly inner: Mutation
  /** Of the whole message. */
  readonly outer: Mutation
  /** Into how many frames it is cut. */
  readonly pieces: number
}

/** What ends a connection; each is bytes that break the framing. */
export interface LastWords {
  readonly kind: 'close' | 'reset' | 'invalid UTF-8' | 'frame' | 'bytes' | 'half a message'
  readonly bytes: Uint8Array
  readonly code: number
}

const channels = [
  ...[
    'news',
    'a.b',
    '__proto__',
    'cache-a',
    'private-a',
    'private-b',
    'private-cache-a',
    'private-encrypted-a',
  ],
  ...[
    'private-encrypted-cache-a',
    'presence-a',
    'presence-b',
    'presence-cache-a',
    '#server-to-user-u1',
    'bad name',
  ],
]
const users = ['u1', 'u2', '__proto__', 'ü']

const someInner = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Mutation>({ type: 'none' }) },
  { weight: 1, arbitrary: mutation },
)

export const frameStep: fc.Arbitrary<FrameStep> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('subscribe' as const) },
    { weight: 3, arbitrary: fc.constantFrom('unsubscribe' as const, 'client-event' as const) },
    { weight: 2, arbitrary: fc.constant('signin' as const) },
    { weight: 1, arbitrary: fc.constantFrom('ping' as const, 'pong' as const, 'unknown' as const) },
  ),
  channel: fc.constantFrom(...channels),
  user: fc.constantFrom(...users),
  inner: someInner,
  outer: mutation,
  pieces: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }) },
  ),
})

export const lastWords: fc.Arbitrary<LastWords> = fc.record({
  kind: fc.constantFrom('close', 'reset', 'invalid UTF-8', 'frame', 'bytes', 'half a message'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  code: fc.integer({ min: 0, max: 65_535 }),
})

/** The message of a step as one connection sends it. */
export function frameText(step: FrameStep, socketId: string): string {
  return spoil(messageOf(step, socketId), step.outer)
}

function messageOf({ kind, channel, user, inner }: FrameStep, socketId: string): unknown {
  switch (kind) {
    case 'subscribe': {
      const isPresence = channel.startsWith('presence-')
      const hasData = isPresence || inner.type !== 'none'
      const channelData = hasData ? spoil({ user_id: user, user_info: { name: user } }, inner) : undefined
      const auth = needsAuth(channel) ? channelAuth(app1, socketId, channel, channelData) : ''
      return { event: 'pusher:subscribe', data: { auth, channel, channel_data: channelData } }
    }
    case 'unsubscribe':
      return { event: 'pusher:unsubscribe', data: { channel } }
    case 'signin': {
      const userData = spoil({ id: user, user_info: { name: user }, watchlist: users }, inner)
      return {
        event: 'pusher:signin',
        data: { auth: userAuth(app1, socketId, userData), user_data: userData },
      }
    }
    case 'client-event':
      return { event: 'client-e', channel, data: spoil({ a: [1, 'é'] }, inner) }
    case 'ping':
    case 'pong':
      return { event: `pusher:${kind}`, data: {} }
    case 'unknown':
      return { event: user, channel, data: {} }
  }
}

/** Sends a message in its pieces, with a WebSocket ping between them. */
export function sendInPieces(client: RawClient, text: string, pieces: number): void {
  const bytes = Buffer.from(text)
  const size = Math.ceil(bytes.length / pieces)
  if (pieces === 1 || size === 0) {
    client.sendFrame(bytes)
    return
  }
  const parts: Buffer[] = []
  for (let start = 0; start < bytes.length; start += size) parts.push(bytes.subarray(start, start + size))
  client.sendFragments(parts, encodeFrame('', { opcode: OPCODE.ping }))
}

/** Ends a connection, in whatever way. */
export function sayLastWords(client: RawClient, { kind, bytes, code }: LastWords): void {
  switch (kind) {
    case 'close':
      client.sendClose(code, Buffer.from(bytes).toString('hex').slice(0, 120))
      return
    case 'reset':
      client.destroy()
      return
    case 'invalid UTF-8':
      client.sendFrame(
        Buffer.concat([Buffer.from('{"event":"'), Buffer.from([0xff, 0xc0]), Buffer.from(bytes)]),
      )
      return
    case 'frame':
      client.sendFrame(bytes, {
        opcode: code % 16,
        rsv: (code >> 4) % 8,
        fin: code % 3 > 0,
        masked: code % 5 > 0,
      })
      return
    case 'bytes':
      client.sendRaw(bytes)
      return
    case 'half a message':
      client.sendFrame(bytes, { claimedLength: bytes.length + code })
  }
}
