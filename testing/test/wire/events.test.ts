import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { everythingOn, isEvent, signIn, startServer, subscribe } from '../support/test-server.js'

describe('an event that was published over HTTP', () => {
  // covers: CHAN-32
  it.each([
    'App\\Events\\Foo',
    '.a.b',
    'a.b',
    'a b',
    'über',
    '{}',
    '__proto__',
    'client-x',
    '🚀',
    '"\\',
    ' ',
  ])('keeps its name %j', async (name) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    await server.publish('news', name, 'x')
    const { message } = await client.next(isEvent('news', name))
    expect(message).toEqual({ event: name, channel: 'news', data: 'x' })
  })

  // covers: WIRE-24
  it('comes after those that were answered before it, at every subscriber', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'news')
    const expected = Array.from({ length: 100 }, (_, index) => String(index))
    for (const data of expected) await server.publish('news', 'n', data)
    for (const client of crowd) {
      const events = await client.inbox.nextMany(isEvent('news', 'n'), 100)
      expect(events.map((event) => event.data)).toEqual(expected)
    }
  })

  it('keeps its place among the events of other channels', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'one')
    await subscribe(a, 'two')
    const expected: string[] = []
    for (let i = 0; i < 60; i++) {
      const channel = i % 3 === 0 ? 'two' : 'one'
      expected.push(`${channel} ${i}`)
      await server.server.publish('app1', { channels: [channel], name: 'n', data: String(i) })
    }
    const isAny = (frame: { event: string }): boolean => frame.event === 'n'
    const seen = await a.inbox.nextMany(isAny, 60)
    expect(seen.map((frame) => `${frame.channel} ${String(frame.data)}`)).toEqual(expected)
    const ofOne = await b.inbox.nextMany(isAny, 40)
    expect(ofOne.map((frame) => `${frame.channel} ${String(frame.data)}`)).toEqual(
      expected.filter((each) => each.startsWith('one')),
    )
  })

  it('comes whole whatever its size up to the limit', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    // Lengths around the borders between the three header sizes of a frame are among these.
    for (const length of [0, 1, 60, 80, 125, 126, 127, 500, 10_239, 10_240]) {
      await server.publish('news', 'n', 'x'.repeat(length))
      expect((await client.next('n')).data).toBe('x'.repeat(length))
    }
  })

  it('comes whole in frames above 64 KiB', async () => {
    await using server = await startServer({ app1: { limits: { eventPayloadBytes: 300_000 } } })
    await using client = await server.connect()
    await subscribe(client, 'news')
    for (const length of [65_400, 65_500, 65_536, 300_000]) {
      await server.publish('news', 'n', 'é'.repeat(length / 2))
      expect((await client.next('n')).data).toBe('é'.repeat(length / 2))
    }
  })
})

describe('every frame of the server', () => {
  // covers: WIRE-20
  it('is a JSON object with an event, and data as a string wherever the protocol encodes twice', async () => {
    await using server = await startServer(everythingOn()) // the raw client checks each frame it gets
    await using a = await server.connect()
    await using b = await server.connect()
    await signIn(a, { id: 'ada', watchlist: ['bo'] })
    await signIn(b, { id: 'bo' })
    for (const client of [a, b]) {
      await subscribe(client, 'cache-news')
      await subscribe(client, 'private-news')
      await subscribe(client, 'presence-news', { userId: client === a ? 'ada' : 'bo' })
    }
    await server.publish(['cache-news', '#server-to-user-ada'], 'n', { a: 1 })
    b.send({ event: 'client-x', channel: 'presence-news', data: { a: 1 } })
    b.sendText('no message')
    await b.barrier()
    await b.close()
    await a.next('pusher_internal:member_removed')
    await a.barrier()
    const encodedTwice = [
      'pusher:connection_established',
      'pusher_internal:watchlist_events',
      'pusher_internal:subscription_succeeded',
      'pusher_internal:subscription_count',
      'pusher_internal:member_added',
      'pusher_internal:member_removed',
      'n',
      'client-x',
    ]
    const frames = [...a.inbox.items, ...b.inbox.items]
    for (const event of encodedTwice) {
      const ofEvent = frames.filter((frame) => frame.event === event)
      expect(ofEvent, event).not.toHaveLength(0)
      for (const { data, payload } of ofEvent) {
        expect(data).toBeTypeOf('string')
        expect(payload).toBeTypeOf('object')
      }
    }
    const others = new Map(frames.map((frame) => [frame.event, frame.data]))
    expect(others.get('pusher:pong')).toEqual({})
    expect(others.get('pusher:error')).toEqual({ message: expect.any(String) as string })
    expect(others.get('pusher:cache_miss')).toBeTypeOf('string')
    expect(others.get('pusher:signin_success')).toBeTypeOf('string')
  })
})
