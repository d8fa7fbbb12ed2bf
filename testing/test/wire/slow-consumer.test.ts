import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../support/frame-codec.js'
import { scrape } from '../support/metrics.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { isEvent, signIn, startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

const MiB = 1_048_576
const isData = isEvent('news', 'n')

/** Publishes numbered events of 10 KB; each turn of the event loop lets the sockets work. */
async function publish(server: TestServer, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const data = String(i).padEnd(10_240, '.')
    await server.server.publish('app1', { channels: ['news'], name: 'n', data })
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
}

const numbersOf = (client: RawClient): number[] =>
  client.inbox.items.filter(isData).map(({ data }) => Number.parseInt(String(data)))

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('a client that stops reading', () => {
  // covers: WIRE-23
  it('is closed with 4100 and misses nothing before, while the others receive all', async () => {
    await using server = await startServer()
    const ended: number[] = []
    server.server.observe((event) => {
      if (event.type === 'connection_ended') ended.push(event.code)
    })
    await using fast = await server.connect()
    await using slow = await server.connect()
    for (const client of [fast, slow]) await subscribe(client, 'news')
    slow.pause()
    const count = 5_000 // 50 MB
    // In portions below the bound, so that a busy machine does not make a slow one of the fast client.
    for (let from = 0; from < count; from += 50) {
      await publish(server, from, 50)
      const last = from + 49
      await fast.next((frame) => isData(frame) && Number.parseInt(String(frame.data)) === last, {
        timeoutMs: 10_000,
      })
    }
    expect(numbersOf(fast)).toEqual(upTo(count))
    expect(ended).toEqual([4100])
    await until(
      async () => (await server.api('/channels')).json,
      (json) => JSON.stringify(json) === '{"channels":{"news":{}}}',
    )
    slow.resume()
    expect(await slow.closed()).toMatchObject({ code: 4100 })
    const received = numbersOf(slow)
    expect(received).toEqual(upTo(received.length))
    // What the server kept for it is bounded; beside it there are only the buffers of the two sockets.
    expect(received.length * 10_240).toBeLessThan(24 * MiB)
    await using back = await server.connect()
    await subscribe(back, 'news')
  })

  it('leaves its channels and its user at once', async () => {
    await using server = await startServer({ maxPendingBytes: 65_536, app1: { watchlist: true } })
    await using other = await server.connect()
    await using slow = await server.connect()
    await subscribe(other, 'presence-room', { userId: 'other' })
    await subscribe(slow, 'presence-room', { userId: 'slow' })
    await subscribe(slow, 'news')
    await signIn(slow, { id: 'slow' })
    await signIn(other, { id: 'other', watchlist: ['slow'] })
    slow.pause()
    await until(
      async () => {
        await publish(server, 0, 50)
        return other.inbox.items.some((frame) => frame.event === 'pusher_internal:member_removed')
      },
      (isGone) => isGone,
      10_000,
    )
    const offline = '{"events":[{"name":"offline","user_ids":["slow"]}]}'
    await other.next((frame) => frame.data === offline)
    expect((await server.api('/channels')).json).toEqual({ channels: { 'presence-room': {} } })
  })

  it('is not closed for one event that is larger than the bound', async () => {
    await using server = await startServer({ maxPendingBytes: 1_000 })
    await using client = await server.connect()
    await subscribe(client, 'news')
    for (let i = 0; i < 5; i++) {
      await publish(server, i, 1)
      await client.next(isData)
    }
    expect(numbersOf(client)).toEqual(upTo(5))
  })

  it('is not closed when it was only busy for less than the bound', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    for (let round = 0; round < 5; round++) {
      client.pause()
      await publish(server, round * 50, 50)
      client.resume()
      await client.barrier()
    }
    expect(numbersOf(client)).toEqual(upTo(250))
  })

  it('is closed with 4100 as well when it does not read the answers to what it sends', async () => {
    await using server = await startServer({ maxPendingBytes: 65_536 })
    const ended: number[] = []
    server.server.observe((event) => {
      if (event.type === 'connection_ended') ended.push(event.code)
    })
    await using client = await server.connect()
    await using other = await server.connect()
    client.pause()
    const refused = encodeFrame(JSON.stringify({ event: 'x'.repeat(1_000) }))
    const batch = Buffer.concat(Array.from({ length: 500 }, () => refused))
    await until(
      async () => {
        client.sendRaw(batch)
        await other.barrier()
        return ended.length
      },
      (count) => count > 0,
      10_000,
    )
    expect(ended).toEqual([4100])
    client.resume()
    expect(await client.closed()).toMatchObject({ code: 4100 })
  })
  it('is counted by a metric of its own', async () => {
    await using server = await startServer({ maxPendingBytes: 65_536, metrics: { port: 0 } })
    await using other = await server.connect()
    await using slow = await server.connect()
    for (const client of [other, slow]) await subscribe(client, 'news')
    const count = async (): Promise<number> =>
      (await scrape(server))['pogo_websocket_slow_consumers_total{app_id="app1"}'] ?? 0
    expect(await count()).toBe(0)
    slow.pause()
    await until(
      async () => {
        await publish(server, 0, 50)
        await other.barrier()
        return count()
      },
      (counted) => counted > 0,
      10_000,
    )
    slow.resume()
    expect(await slow.closed()).toMatchObject({ code: 4100 })
    await other.close()
    expect(await count()).toBe(1)
  })
})
