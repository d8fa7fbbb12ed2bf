import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import { isEvent, startServer, subscribe } from '../support/test-server.js'

const limit = 10_240

/** Data in all spellings of the limit: what it is, and one byte more. */
const borders: readonly (readonly [string, string, string])[] = [
  ['ASCII', 'x'.repeat(limit), 'x'.repeat(limit + 1)],
  ['characters of four bytes', '🚀'.repeat(limit / 4), `${'🚀'.repeat(limit / 4)}x`],
  ['characters of two bytes', 'é'.repeat(limit / 2), `${'é'.repeat(limit / 2)}x`],
  ['characters that JSON escapes', '"'.repeat(limit), '"'.repeat(limit + 1)],
]

async function expectData(client: RawClient, channel: string, data: string): Promise<void> {
  const frame = await client.next(isEvent(channel, 'e'))
  expect(frame.data === data).toBe(true)
}

describe('the data of an event', () => {
  // covers: HTTP-15, HTTP-16, LIMIT-01, LIMIT-08
  it.each(borders)('has up to 10,240 bytes: %s', async (_, longest, tooLong) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/events', { body: { name: 'no', channels: ['news'], data: tooLong } })
    expect(answer.status).toBe(413)
    expect(answer.text).toMatch(/10241.*10240/)
    await server.publish('news', 'e', longest)
    await expectData(client, 'news', longest)
    await client.expectNothing(isEvent('news', 'no'))
  })

  // covers: LIMIT-08
  it('counts as decoded, however its JSON spells it', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const spelled = (length: number): string =>
      `{"name":"e","channels":["news"],"data":"${'\\u0061'.repeat(length)}"}`
    expect(await server.api('/events', { body: spelled(limit) })).toMatchObject({ status: 200 })
    await expectData(client, 'news', 'a'.repeat(limit))
    expect(await server.api('/events', { body: spelled(limit + 1) })).toMatchObject({ status: 413 })
  })

  // covers: HTTP-41, HTTP-42, LIMIT-01
  it('has the same limit in each event of a batch', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const batch = (sizes: readonly number[]) => ({
      batch: sizes.map((size) => ({ name: 'e', channel: 'news', data: '\u0001'.repeat(size) })),
    })
    const full = new Array<number>(10).fill(limit)
    const tooLarge = await server.api('/batch_events', { body: batch([...full.slice(1), limit + 1]) })
    expect(tooLarge.status).toBe(413)
    expect(tooLarge.text).toContain('batch[9]')
    expect(await server.api('/batch_events', { body: batch(full) })).toMatchObject({ status: 200 })
    for (const size of full) await expectData(client, 'news', '\u0001'.repeat(size))
    await client.expectNothing(isEvent('news', 'e'))
  })

  // covers: LIMIT-08
  it('may go to a channel of exactly 164 characters', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const longest = 'c'.repeat(164)
    await subscribe(client, longest)
    await server.publish(longest, 'e', 'x')
    await expectData(client, longest, 'x')
    const body = { name: 'e', data: 'x', channels: ['c'.repeat(165)] }
    expect(await server.api('/events', { body })).toMatchObject({ status: 400 })
  })

  it('follows the limits of its app', async () => {
    const limits = {
      eventPayloadBytes: 100_000,
      channelsPerEvent: 2,
      eventsPerBatch: 3,
      eventNameLength: 5,
      channelNameLength: 4,
    }
    await using server = await startServer({ app1: { limits } })
    const status = async (change: Record<string, unknown>): Promise<number> => {
      const body = { name: 'e', channels: ['c'], data: '', ...change }
      return (await server.api('/events', { body })).status
    }
    expect(await status({ data: '\u0001'.repeat(100_000) })).toBe(200)
    expect(await status({ data: 'x'.repeat(100_001) })).toBe(413)
    expect(await status({ channels: ['a', 'b'] })).toBe(200)
    expect(await status({ channels: ['a', 'b', 'c'] })).toBe(400)
    expect(await status({ name: '12345' })).toBe(200)
    expect(await status({ name: '123456' })).toBe(400)
    expect(await status({ channels: ['1234'] })).toBe(200)
    expect(await status({ channels: ['12345'] })).toBe(400)
    const one = { name: 'e', channel: 'c', data: '\u0001'.repeat(100_000) }
    const three = await server.api('/batch_events', { body: { batch: [one, one, one] } })
    expect(three.status).toBe(200)
    const four = await server.api('/batch_events', { body: { batch: [one, one, one, one] } })
    expect([400, 413]).toContain(four.status)
  })
})
