import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import { startServer, subscribe } from '../support/test-server.js'
import { until } from '../support/until.js'

const channel = 'private-x'

function sendNumbers(client: RawClient, from: number, to: number): void {
  for (let n = from; n < to; n++) client.send({ event: 'client-x', channel, data: n })
}

const numbersAt = (client: RawClient): unknown[] =>
  client.inbox.items.filter(({ event }) => event === 'client-x').map(({ payload }) => payload)

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)

describe('the rate of client events', () => {
  // covers: CEV-21
  it('allows 10 at once by default', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, channel)
    sendNumbers(a, 0, 10)
    await a.expectNothing('pusher:error')
    await b.barrier()
    expect(numbersAt(b)).toEqual(range(0, 10))
  })

  // covers: CEV-22, LIMIT-05
  it('drops what exceeds it with code 4301, and lets the connection send again later', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, channel)
    sendNumbers(a, 0, 30)
    await a.barrier()
    const refused = a.inbox.items.filter(({ event }) => event === 'pusher:error')
    expect(refused.length).toBeGreaterThanOrEqual(1)
    for (const { data } of refused) expect(data).toMatchObject({ code: 4301 })
    await b.barrier()
    const delivered = numbersAt(b)
    expect(delivered.slice(0, 10)).toEqual(range(0, 10))
    expect(delivered.length + refused.length).toBe(30)

    // Time passes; a tenth of a second is enough for one more.
    await until(
      async () => {
        a.send({ event: 'client-x', channel, data: 'again' })
        await a.barrier()
        await b.barrier()
        return numbersAt(b)
      },
      (numbers) => numbers.includes('again'),
    )
  })

  it('counts each connection by itself', async () => {
    await using server = await startServer({ app1: { limits: { clientEventsPerSecond: 2 } } })
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    for (const client of [a, b, c]) await subscribe(client, channel)
    for (const client of [a, b]) {
      sendNumbers(client, 0, 2)
      await client.expectNothing('pusher:error')
    }
    await c.barrier()
    expect(numbersAt(c)).toEqual([0, 1, 0, 1])
  })

  it('does not count what was refused for another reason', async () => {
    await using server = await startServer({ app1: { limits: { clientEventsPerSecond: 1 } } })
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, channel)
    a.send({ event: 'client-x', channel: 'private-elsewhere', data: {} })
    a.send({ event: 'client-x', channel, data: 'x'.repeat(10_241) })
    a.send({ event: 'client-x', channel })
    for (let refused = 0; refused < 3; refused++) {
      expect((await a.next('pusher:error')).data).not.toHaveProperty('code', 4301)
    }
    sendNumbers(a, 0, 1)
    await b.next('client-x')
    await a.expectNothing('pusher:error')
  })

  // covers: CEV-24
  it('changes nothing about the order in which events of a sender arrive', async () => {
    await using server = await startServer({ app1: { limits: { clientEventsPerSecond: 1_000 } } })
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    for (const client of [a, b, c]) await subscribe(client, channel)
    sendNumbers(a, 0, 100)
    await a.barrier()
    for (const client of [b, c]) {
      await client.barrier()
      expect(numbersAt(client)).toEqual(range(0, 100))
    }
  })
})
