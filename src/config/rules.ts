import { BlockList, isIP } from 'node:net'
import { webhookEventNames } from '../protocol/webhook-message.js'
import type { TextRule } from './option.js'

const LONGEST_TEXT = 2048
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/
/** The scheme and host of a URL, and nothing behind it. */
const ORIGIN = /^https?:\/\/[^/?#@\s]+$/i
const WILDCARD_HOST = /^\*\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= 253 && HOST_NAME.test(text))
}

/** A rule that keeps the text as it is. */
function rule(what: string, pattern: RegExp, more: Pick<TextRule, 'placeholder' | 'isFile'> = {}): TextRule {
  return { what, pattern: pattern.source, read: (text) => (pattern.test(text) ? text : null), ...more }
}

/** Ids and keys become parts of paths and of auth strings (`key:signature`), so neither slash nor colon is among these. */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.~@=+,;-]{1,200}$/
const nameText = '1 to 200 letters, digits and any of -_.~@=+,;'

export const appId = rule(nameText, NAME, { placeholder: 'ID' })
export const appKey = rule(nameText, NAME, { placeholder: 'KEY' })
export const secret = rule('1 to 2048 characters', /^[^]{1,2048}$/, { placeholder: 'SECRET' })
export const pageToken = rule('8 to 200 letters, digits and any of -_.~', /^[A-Za-z0-9_.~-]{8,200}$/, {
  placeholder: 'TOKEN',
})
export const file = rule('the path of a file', /^[^\0]{1,2048}$/, { placeholder: 'FILE', isFile: true })
export const channelPrefix = rule('the beginning of a channel name, or ""', /^[A-Za-z0-9_\-=@,.;]{0,200}$/)

export const host: TextRule = {
  what: 'a host name or an IP address, without a port or brackets',
  placeholder: 'HOST',
  pattern: '^[^\\s/\\[\\]]+$',
  read: (text) => (isHost(text) ? text : null),
}

/** `/` and a slash at the end say nothing; what is kept can be put before a route as it is. */
export const pathPrefix: TextRule = {
  what: '"" or a path such as "/ws" that begins with a slash',
  placeholder: 'PREFIX',
  pattern: '^(/[A-Za-z0-9_.~-]+)*/?$',
  read(text) {
    if (text.length > LONGEST_TEXT || !/^(\/[A-Za-z0-9_.~-]+)*\/?$/.test(text)) return null
    return /\/\.{1,2}(\/|$)/.test(text) ? null : text.replace(/\/$/, '')
  },
}

/** What the handshake compares with; see `isAllowedOrigin` there. */
export const allowedOrigin: TextRule = {
  what: 'an origin such as "https://example.com", a host such as "example.com", or "*.example.com"',
  pattern: '^(https?://[^/?#@\\s]+|(\\*\\.)?[^/?#@*\\s]+|\\*)$',
  read(text) {
    if (text === '*' || WILDCARD_HOST.test(text)) return text.toLowerCase()
    if (ORIGIN.test(text)) return URL.canParse(text) ? new URL(text).origin : null
    const hostAndPort = /^(.+?)(:\d{1,5})?$/.exec(text)
    const name = hostAndPort?.[1] ?? ''
    const bare = /^\[.+\]$/.test(name) ? name.slice(1, -1) : name
    return isHost(bare) && URL.canParse(`http://${text}`) ? text.toLowerCase() : null
  },
}

export const proxyAddress: TextRule = {
  what: 'an IP address or a range such as "10.0.0.0/8"',
  pattern: '^[0-9A-Fa-f:.]+(/\\d{1,3})?$',
  read(text) {
    const [address = '', prefix, ...rest] = text.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? 0 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity
    const fits = family === 4 ? bits <= 32 : family === 6 && bits <= 128 && !address.includes('%')
    return fits && rest.length === 0 ? text : null
  },
}

/** A name and a password in the address would be shown wherever the address is. */
export const webhookUrl: TextRule = {
  what: 'an http:// or https:// address without user name and password (credentials belong into headers)',
  pattern: '^https?://\\S+$',
  read(text) {
    if (text.length > LONGEST_TEXT || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
    const { username, password } = new URL(text)
    return username === '' && password === '' ? text : null
  },
}

export const webhookEvent: TextRule = {
  what: `one of ${webhookEventNames.join(', ')}`,
  pattern: `^(${webhookEventNames.join('|')})$`,
  read: (text) => (webhookEventNames.some((name) => name === text) ? text : null),
}

/** Headers that Pogo writes itself, and those that would break the framing of the request. */
const RESERVED_HEADER =
  /^(content-type|content-length|x-pusher-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|host)$/i

/** Why a header may not be sent, or `null` when it may. */
export function headerProblem(name: string, value: unknown): string | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$/.test(name)) return 'is no name of a header'
  if (RESERVED_HEADER.test(name)) return 'is a header that Pogo sets itself'
  if (typeof value !== 'string') return 'must have a text as its value'
  return /^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(value) ? null : 'has a character that no header may carry'
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether only this machine reaches a server on `host`. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host.toLowerCase() === 'localhost'
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
