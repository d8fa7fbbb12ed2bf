import { describe, expect, it } from 'vitest'
import { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { startServer } from '../support/test-server.js'

/** A server behind trusted proxies that lets each address connect once. */
function startThrottled(): Promise<TestServer> {
  return startServer({
    handshakesPerSecond: 0,
    handshakeBurst: 1,
    trustedProxies: ['127.0.0.1', '10.0.0.0/8', '2001:db8:ffff::/48'],
  })
}

/** The code with which a connection that was forwarded so ends, or `null` when it is greeted. */
async function knock(server: TestServer, forwardedFor: string | null): Promise<number | null> {
  const headers = { 'X-Forwarded-For': forwardedFor }
  await using client = await RawClient.connect(server.appUrl(), { headers })
  const first = await client.next(() => true)
  if (first.event === 'pusher:connection_established') return null
  return (await client.closed()).code
}

describe('X-Forwarded-For of a trusted proxy', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9:4711'],
    ['203.0.113.9', '[::ffff:203.0.113.9]:4711'],
    ['203.0.113.9', '203.0.113.9:4711, 10.1.2.3:80'],
    ['203.0.113.9', '203.0.113.9:1,10.1.2.3:2 , 10.3.2.1'],
    ['2001:db8::1', '[2001:db8::1]:4711'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['2001:db8::1', '[2001:db8::1]:4711, [2001:db8:ffff::1]:80'],
  ])('names %s, whatever the client wrote before it, when it ends with %s', async (address, entry) => {
    await using server = await startThrottled()
    expect(await knock(server, `9.9.9.1, ${entry}`)).toBeNull()
    expect(await knock(server, `9.9.9.2, ${entry}`)).toBe(4100)
    expect(await knock(server, address)).toBe(4100)
    expect(await knock(server, '9.9.9.1')).toBeNull()
    expect(await knock(server, null)).toBeNull()
  })

  it('tells clients with different ports of one address not apart, and different addresses well', async () => {
    await using server = await startThrottled()
    expect(await knock(server, '203.0.113.9:4711')).toBeNull()
    expect(await knock(server, '203.0.113.9:4712')).toBe(4100)
    expect(await knock(server, '203.0.113.10:4711')).toBeNull()
    expect(await knock(server, '[2001:db8::1]:4711')).toBeNull()
    expect(await knock(server, '[2001:db8::1]:4712')).toBe(4100)
    expect(await knock(server, '[2001:db8::2]:4711')).toBeNull()
  })

  it.each([
    'unknown',
    '_hidden',
    '"203.0.113.9"',
    '203.0.113.9:x',
    '203.0.113.999',
    '[203.0.113.9',
    '',
    'unknown, 10.1.2.3',
  ])('counts for the proxy itself when its entry is no address: "%s"', async (entry) => {
    await using server = await startThrottled()
    expect(await knock(server, `9.9.9.1, ${entry}`)).toBeNull()
    expect(await knock(server, `9.9.9.2, ${entry}`)).toBe(4100)
    expect(await knock(server, null)).toBe(4100)
    expect(await knock(server, '9.9.9.1')).toBeNull()
    expect(await knock(server, '203.0.113.9')).toBeNull()
  })
})
