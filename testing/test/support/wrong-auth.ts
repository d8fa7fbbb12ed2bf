import { channelAuth, hmacHex, presenceData } from './auth.js'
import type { RawClient } from './raw-client.js'
import { app1, app2 } from './test-server.js'

/** Prefixes of the channels that need an auth string. */
export const protectedPrefixes = [
  'private-',
  'private-cache-',
  'private-encrypted-',
  'private-encrypted-cache-',
  'presence-',
  'presence-cache-',
] as const

/** What an attacker knows: its own connection, somebody else's, and the channel. */
export interface Attempt {
  readonly client: RawClient
  readonly other: RawClient
  readonly channel: string
}

type Wrong = (attempt: Attempt) => unknown

/** `channel_data` of every subscription to a presence channel here. */
export const memberData = presenceData('7', { name: 'Ada' })

/** The auth string that would be right. */
export function rightAuth({ client, channel }: Attempt): string {
  const { socketId } = client
  return channel.startsWith('presence-')
    ? channelAuth(app1, socketId, channel, memberData)
    : channelAuth(app1, socketId, channel)
}

const rightSignature: (attempt: Attempt) => string = (attempt) => rightAuth(attempt).slice('key1:'.length)

/** Sends a subscription with this `auth`; on a presence channel with a member too. */
export function subscribeWith({ client, channel }: Attempt, auth: unknown): void {
  const member = channel.startsWith('presence-') ? { channel_data: memberData } : {}
  client.send({ event: 'pusher:subscribe', data: { channel, ...member, auth } })
}

const signedAs = (
  attempt: Attempt,
  change: Partial<{ app: typeof app1; socketId: string; channel: string }>,
) => {
  const { app = app1, socketId = attempt.client.socketId, channel = attempt.channel } = change
  const data = attempt.channel.startsWith('presence-') ? memberData : undefined
  return channelAuth(app, socketId, channel, data)
}

/** Every way of getting `auth` wrong, by name; with the catalogue's id in front. */
export const wrongAuths: readonly (readonly [name: string, auth: Wrong])[] = [
  ['AUTH-02 none', () => undefined],
  ['AUTH-02 an empty one', () => ''],
  ['AUTH-02 null', () => null],
  ['AUTH-03 a wrong signature', () => `key1:${'0'.repeat(64)}`],
  ['AUTH-03 one wrong digit', (attempt) => `key1:${flipped(rightSignature(attempt))}`],
  ['AUTH-03 upper case', (attempt) => `key1:${rightSignature(attempt).toUpperCase()}`],
  ['AUTH-03 a signature that lacks its end', (attempt) => rightAuth(attempt).slice(0, -1)],
  ['AUTH-03 64 other characters', () => `key1:${'é'.repeat(64)}`],
  [
    'AUTH-03 64 characters of which the low byte fits',
    (attempt) => `key1:${raised(rightSignature(attempt))}`,
  ],
  ['AUTH-06 a key alone', () => 'key1'],
  ['AUTH-06 a key and a colon', () => 'key1:'],
  ['AUTH-06 a colon', () => ':'],
  ['AUTH-06 a signature alone', rightSignature],
  ['AUTH-06 a colon and a signature', (attempt) => `:${rightSignature(attempt)}`],
  ['AUTH-06 a third part', (attempt) => `${rightAuth(attempt)}:x`],
  ['AUTH-06 a space behind', (attempt) => `${rightAuth(attempt)} `],
  ['AUTH-06 a space before', (attempt) => ` ${rightAuth(attempt)}`],
  ['AUTH-06 a line feed behind', (attempt) => `${rightAuth(attempt)}\n`],
  ['AUTH-06 a NUL behind', (attempt) => `${rightAuth(attempt)}\u0000`],
  ['AUTH-06 10 KB', () => `key1:${'0'.repeat(10_240)}`],
  ['AUTH-06 10 KB without a colon', () => '0'.repeat(10_240)],
  ['AUTH-06 a number', () => 5],
  ['AUTH-06 true', () => true],
  ['AUTH-06 an object', () => ({ key: 'key1' })],
  ['AUTH-06 a list of the right one', (attempt) => [rightAuth(attempt)]],
  ['AUTH-06 a key of the prototype', (attempt) => `__proto__:${rightSignature(attempt)}`],
  ['AUTH-06 a key that nobody has', (attempt) => `nobody:${rightSignature(attempt)}`],
  ['AUTH-08 one for another socket id', (attempt) => signedAs(attempt, { socketId: attempt.other.socketId })],
  ['AUTH-08 one for no socket id', (attempt) => signedAs(attempt, { socketId: '' })],
  ['AUTH-09 one for another channel', (attempt) => signedAs(attempt, { channel: `${attempt.channel}x` })],
  [
    "AUTH-10 one with another app's secret",
    (attempt) => signedAs(attempt, { app: { ...app2, key: app1.key } }),
  ],
  ['AUTH-10 one of another app', (attempt) => signedAs(attempt, { app: app2 })],
  [
    'AUTH-10 one with the key as secret',
    (attempt) => signedAs(attempt, { app: { ...app1, secret: app1.key } }),
  ],
  [
    'AUTH-10 one of a sign-in',
    ({ client }) => `key1:${hmacHex(app1.secret, `${client.socketId}::user::{}`)}`,
  ],
]

/** Whether a text gives away what only the app may know, and the client did not show itself. */
export function givesAway(text: string, attempt: Attempt, sent: unknown): boolean {
  const signature = rightSignature(attempt)
  const isKnown = String(sent).includes(signature)
  return text.includes(app1.secret) || (text.includes(signature) && !isKnown)
}

function flipped(hex: string): string {
  return hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
}

/** Each character replaced by one whose code is 256 higher. */
function raised(hex: string): string {
  return hex.replace(/./g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 256))
}
