import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody else's are. */
export class TrustedProxies {
  readonly #list = new BlockList()

  /** Addresses (`10.0.0.1`, `::1`) or ranges (`10.0.0.0/8`). */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address = '', prefix] = proxy.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (prefix === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, Number(prefix), family)
    }
  }

  /** The address of the client; asking costs memory for as long as the socket lives, so it is asked when it matters. */
  addressOf({ socket, headers }: IncomingMessage): string {
    const peer = unmapped(socket.remoteAddress ?? '')
    return this.#trusts(peer) ? (this.#nearestUntrusted(headers['x-forwarded-for']) ?? peer) : peer
  }

  /** Whether the client came over TLS, to us or to a proxy of ours. */
  isSecure({ socket, headers }: IncomingMessage): boolean {
    const proto = lastOf(headers['x-forwarded-proto'])
    if (proto !== undefined && this.#trusts(unmapped(socket.remoteAddress ?? '')))
      return proto.toLowerCase() === 'https'
    return socket instanceof TLSSocket
  }

  /**
   * Each proxy appends who spoke to it, so the list is read from its end up to the first one that is no proxy of ours.
   * What stands left of that one was written by the client; if that one is no address, nobody is believed.
   */
  #nearestUntrusted(forwardedFor: string | string[] | undefined): string | undefined {
    const hops = String(forwardedFor ?? '')
      .split(',')
      .map(addressIn)
    const nearest = hops.reverse().find((hop) => !this.#trusts(hop))
    return nearest !== undefined && isIP(nearest) !== 0 ? nearest : undefined
  }

  #trusts(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',').at(-1)?.trim()
}

/** Some proxies add the port: `203.0.113.9:4711`, `[2001:db8::1]:4711`. */
function addressIn(hop: string): string {
  const text = hop.trim()
  return unmapped(/^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text)
}

/** `::ffff:10.0.0.1` is `10.0.0.1`. */
function unmapped(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
