import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { app2, isEvent, signIn, startServer, subscribe } from '../support/test-server.js'

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `c-${index}`)
const event = { name: 'e', channels: ['news'], data: '{}' }

/** Publishes something right behind what must not have arrived, and shows that nothing else did. */
async function expectOnlyBarrier(server: TestServer, client: RawClient, channel: string): Promise<void> {
  await server.publish(channel, 'barrier', '{}')
  await client.next(isEvent(channel, 'barrier'))
  await client.expectNothing((frame) => frame.event !== 'pusher:pong' && frame.channel === channel)
}

describe('an event over HTTP', () => {
  // covers: HTTP-04, LIMIT-02
  it('goes to 100 channels', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const name of names(100)) await subscribe(client, name)
    expect(await server.publish(names(100), 'e', '{}')).toEqual({})
    for (const name of names(100)) await client.next(isEvent(name, 'e'))
  })

  // covers: HTTP-05, LIMIT-02
  it('goes to none of 101', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'c-0')
    const answer = await server.api('/events', { body: { ...event, channels: names(101) } })
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(/101.*100/)
    await expectOnlyBarrier(server, client, 'c-0')
  })

  it('counts a channel that stands twice once', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const body = { name: 'e', data: '{}', channels: ['news', 'news'], channel: 'other', info: 'user_count' }
    const answer = await server.api('/events', { body })
    expect(answer).toMatchObject({ status: 200, json: { channels: { news: {} } } })
    await client.next(isEvent('news', 'e'))
    await expectOnlyBarrier(server, client, 'news')
  })

  // covers: HTTP-06, HTTP-08, HTTP-10, HTTP-11, HTTP-14, HTTP-21
  it.each<[string, Record<string, unknown>]>([
    ['no channels', { channels: [] }],
    ['neither channels nor channel', { channels: undefined }],
    ['null for channels', { channels: null }],
    ['a string for channels', { channels: 'news' }],
    ['an object for channels', { channels: { 0: 'news' } }],
    ['a number among the channels', { channels: ['news', 5] }],
    ['null among the channels', { channels: ['news', null] }],
    ['an array for channel', { channels: undefined, channel: ['news'] }],
    ['a number for channel', { channels: undefined, channel: 5 }],
    ['an empty channel', { channels: undefined, channel: '' }],
    ['no name', { name: undefined }],
    ['an empty name', { name: '' }],
    ['a number for a name', { name: 5 }],
    ['null for a name', { name: null }],
    ['a name of the protocol', { name: 'pusher:ping' }],
    ['an internal name', { name: 'pusher_internal:member_added' }],
    ['no data', { data: undefined }],
    ['null for data', { data: null }],
    ['an object for data', { data: { a: 1 } }],
    ['a number for data', { data: 5 }],
    ['an array for data', { data: ['a'] }],
    ['a boolean for data', { data: true }],
    ['a word for a socket id', { socket_id: 'abc' }],
    ['half a socket id', { socket_id: '1.' }],
    ['a number for a socket id', { socket_id: 5 }],
    ['a socket id with a space', { socket_id: '1.1 ' }],
    ['a socket id with a newline', { socket_id: '1.1\n' }],
    ['a number for info', { info: 5 }],
  ])('is refused with %s', async (_, change) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/events', { body: { ...event, ...change } })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toBe('')
    await expectOnlyBarrier(server, client, 'news')
  })

  // covers: HTTP-18
  it.each(['a b', 'a/b', 'a:b', 'é', '🚀', 'a\n', '\0', '', '#x', '#server-to-user-', 'x'.repeat(165)])(
    'is refused for the channel %j',
    async (channel) => {
      await using server = await startServer()
      for (const body of [
        { ...event, channels: ['news', channel] },
        { name: 'e', data: '{}', channel },
      ]) {
        expect(await server.api('/events', { body })).toMatchObject({ status: 400 })
      }
    },
  )

  // covers: HTTP-09, LIMIT-03
  it('has a name of up to 200 characters', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const longest = 'é'.repeat(200)
    await server.publish('news', longest, '{}')
    await client.next(isEvent('news', longest))
    const answer = await server.api('/events', { body: { ...event, name: 'x'.repeat(201) } })
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(/201.*200/)
  })

  it('may have the name of a client event', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    await server.publish('news', 'client-typing', '{}')
    await client.next(isEvent('news', 'client-typing'))
  })

  // covers: HTTP-19, HTTP-20, HTTP-21
  it('goes to everyone but the connection it excludes', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'news')
    await server.publish('news', 'e1', '{}', { socket_id: crowd.at(0).socketId })
    for (const client of [crowd.at(1), crowd.at(2)]) await client.next(isEvent('news', 'e1'))
    for (const socketId of ['1.1', null, '']) {
      await server.publish('news', 'e2', '{}', { socket_id: socketId })
      for (const client of crowd) await client.next(isEvent('news', 'e2'))
    }
    await crowd.at(0).expectNothing(isEvent('news', 'e1'))
  })

  // covers: HTTP-30
  it('may stand in the query', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of ['a', 'b']) await subscribe(client, channel)
    const query = { name: 'e', data: '{"a":1}', channels: ['a', 'b'], info: 'user_count' }
    const answer = await server.api('/events', { method: 'POST', query })
    expect(answer).toMatchObject({ status: 200, json: { channels: { a: {}, b: {} } } })
    for (const channel of ['a', 'b']) expect((await client.next(isEvent(channel, 'e'))).data).toBe('{"a":1}')
    const one = await server.api('/events', { method: 'POST', query: { name: 'f', data: '', channel: 'a' } })
    expect(one).toMatchObject({ status: 200, json: {} })
    await client.next(isEvent('a', 'f'))
  })

  // covers: HTTP-34
  it('reaches whoever was confirmed before the call', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of names(100)) {
      await subscribe(client, channel)
      await server.publish(channel, 'e', '{}')
      await client.next(isEvent(channel, 'e'))
    }
  })

  it('reaches a signed-in user among its channels', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await signIn(client, { id: 'u1' })
    await server.publish(['news', '#server-to-user-u1'], 'e', '{}', { info: 'user_count' })
    await client.next(isEvent('#server-to-user-u1', 'e'))
  })
})

describe('the answer to an event', () => {
  // covers: HTTP-23, HTTP-24, HTTP-27
  it('counts the users of presence channels, and of no other', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    for (const [index, userId] of ['1', '2', '2'].entries()) {
      await subscribe(crowd.at(index), 'presence-x', { userId })
    }
    await subscribe(crowd.at(0), 'news')
    const info = 'user_count'
    expect(await server.publish('presence-x', 'e', '{}', { info })).toEqual({
      channels: { 'presence-x': { user_count: 2 } },
    })
    expect(await server.publish(['news', 'presence-x', 'presence-y'], 'e', '{}', { info })).toEqual({
      channels: { news: {}, 'presence-x': { user_count: 2 }, 'presence-y': { user_count: 0 } },
    })
  })

  // covers: HTTP-25
  it('counts connections where the app does', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'presence-x', { userId: '1' })
    await subscribe(crowd.at(0), 'news')
    const channels = ['news', 'presence-x', 'empty']
    expect(await server.publish(channels, 'e', '{}', { info: 'subscription_count,user_count' })).toEqual({
      channels: {
        news: { subscription_count: 1 },
        'presence-x': { subscription_count: 3, user_count: 1 },
        empty: { subscription_count: 0 },
      },
    })
    expect(await server.publish('news', 'e', '{}', { info: 'subscription_count' }, app2)).toEqual({
      channels: { news: {} },
    })
  })

  // covers: HTTP-28
  it.each(['nonsense', 'user_count,nonsense', 'user_count, cache', ',', '__proto__', 'constructor'])(
    'knows no attribute %j',
    async (info) => {
      await using server = await startServer()
      await using client = await server.connect()
      await subscribe(client, 'news')
      expect(await server.api('/events', { body: { ...event, info } })).toMatchObject({ status: 400 })
      await expectOnlyBarrier(server, client, 'news')
    },
  )
})
