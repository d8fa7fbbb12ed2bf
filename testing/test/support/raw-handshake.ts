import { createHash, randomBytes } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import { DEFAULT_TIMEOUT_MS } from './inbox.js'

/** How an upgrade request departs from an ordinary one. */
export interface HandshakeOptions {
  /** Request target as it is sent; by default what follows the host in the URL. */
  readonly path?: string
  /** Headers in this spelling; each replaces a default one of the same name, and null leaves that out. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** Bytes that go out in the same write as the request. */
  readonly trailing?: Uint8Array
  readonly tls?: tls.ConnectionOptions
  readonly localAddress?: string
}

/** The server's answer to an upgrade request. */
export interface Handshake {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Body of an answer other than 101, as far as it came. */
  readonly body: string
}

/** A connection whose upgrade was answered, and the bytes that came behind a 101. */
export interface OpenConnection {
  readonly socket: net.Socket
  readonly handshake: Handshake
  readonly rest: Buffer
}

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * Connects, sends the upgrade request and reads the answer, whatever its status.
 *
 * @throws when nothing answers, or when a 101 carries a wrong `Sec-WebSocket-Accept`.
 */
export async function shakeHands(url: string, options: HandshakeOptions): Promise<OpenConnection> {
  const { protocol, hostname, port } = new URL(url)
  const isSecure = protocol === 'wss:' || protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const target = { host, port: Number(port || (isSecure ? 443 : 80)), localAddress: options.localAddress }
  const socket = isSecure
    ? tls.connect({ rejectUnauthorized: false, ...target, ...options.tls } as tls.ConnectionOptions)
    : net.connect(target as net.NetConnectOpts)
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once(isSecure ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => undefined) // a reset shows as close code 1006
  const [, tail = ''] = /^[a-z]+:\/\/[^/?#]+(.*)$/i.exec(url) ?? []
  const path = options.path ?? (tail === '' ? '/' : tail)
  const headers = requestHeaders(`${hostname}:${target.port}`, options.headers ?? {})
  const lines = [`GET ${path} HTTP/1.1`, ...[...headers.values()].map(([name, value]) => `${name}: ${value}`)]
  socket.write(
    Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), options.trailing ?? Buffer.alloc(0)]),
  )
  try {
    const { handshake, rest } = await readAnswer(socket)
    const key = headers.get('sec-websocket-key')?.[1] ?? ''
    const accept = createHash('sha1')
      .update(key + ACCEPT_GUID)
      .digest('base64')
    if (handshake.status === 101 && handshake.headers['sec-websocket-accept'] !== accept) {
      throw new Error(`wrong Sec-WebSocket-Accept: ${JSON.stringify(handshake.headers)}`)
    }
    return { socket, handshake, rest }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function requestHeaders(
  host: string,
  overrides: Readonly<Record<string, string | null>>,
): Map<string, [string, string]> {
  const headers = new Map<string, [string, string]>([
    ['host', ['Host', host]],
    ['upgrade', ['Upgrade', 'websocket']],
    ['connection', ['Connection', 'Upgrade']],
    ['sec-websocket-key', ['Sec-WebSocket-Key', randomBytes(16).toString('base64')]],
    ['sec-websocket-version', ['Sec-WebSocket-Version', '13']],
  ])
  for (const [name, value] of Object.entries(overrides)) {
    if (value === null) headers.delete(name.toLowerCase())
    else headers.set(name.toLowerCase(), [name, value])
  }
  return headers
}

/** Reads the head, and for a refusal the body until it is whole or the server ends the connection. */
function readAnswer(socket: net.Socket): Promise<{ handshake: Handshake; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0)
    const finish = (headEnd: number): void => {
      const { status, headers } = parseHead(seen.subarray(0, headEnd).toString('latin1'))
      const rest = seen.subarray(headEnd + 4)
      stop()
      resolve({ handshake: { status, headers, body: status === 101 ? '' : rest.toString() }, rest })
    }
    const fail = (why: string): void => {
      stop()
      reject(new Error(`no whole answer to the upgrade request, ${why}: ${JSON.stringify(seen.toString())}`))
    }
    const read = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk])
      const headEnd = seen.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const { status, headers } = parseHead(seen.subarray(0, headEnd).toString('latin1'))
      const wanted = status === 101 ? 0 : Number(headers['content-length'] ?? Infinity)
      if (seen.length - headEnd - 4 >= wanted) finish(headEnd)
    }
    const end = (): void => {
      const headEnd = seen.indexOf('\r\n\r\n')
      if (headEnd === -1) fail('the connection closed')
      else finish(headEnd)
    }
    const stop = (): void => {
      clearTimeout(timer)
      socket.off('data', read).off('close', end)
    }
    const timer = setTimeout(() => {
      fail(`waited ${DEFAULT_TIMEOUT_MS} ms`)
    }, DEFAULT_TIMEOUT_MS)
    socket.on('data', read).once('close', end)
  })
}

function parseHead(head: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers) }
}
