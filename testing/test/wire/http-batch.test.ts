import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { isEvent, signIn, startServer, subscribe } from '../support/test-server.js'

const entry = { name: 'e', channel: 'news', data: '{}' }
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...entry, data: `${index}` }))

describe('a batch of events', () => {
  // covers: HTTP-35, HTTP-37, LIMIT-02
  it('has up to 10 events, which arrive in their order', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/batch_events', { body: { batch: many(10) } })
    expect(answer).toMatchObject({ status: 200, text: '{}' })
    const frames = await client.inbox.nextMany(isEvent('news', 'e'), 10)
    expect(frames.map(({ data }) => data)).toEqual(many(10).map(({ data }) => data))
  })

  // covers: HTTP-37, LIMIT-02
  it('delivers none of 11', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/batch_events', { body: { batch: many(11) } })
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(/11.*10/)
    await server.publish('news', 'last', '{}')
    await client.next(isEvent('news', 'last'))
    await client.expectNothing(isEvent('news', 'e'))
  })

  // covers: HTTP-36
  it('mixes channels of every kind', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await signIn(client, { id: 'u1' })
    const channels = [
      'public',
      'private-a',
      'presence-a',
      'cache-a',
      'private-cache-a',
      'private-encrypted-a',
      'presence-cache-a',
      'private-encrypted-cache-a',
    ]
    for (const channel of channels) await subscribe(client, channel, { userId: '1' })
    const all = [...channels, '#server-to-user-u1']
    const batch = all.map((channel) => ({ ...entry, channel, data: `{"for":"${channel}"}` }))
    expect(await server.api('/batch_events', { body: { batch } })).toMatchObject({ status: 200, text: '{}' })
    for (const channel of all) {
      expect((await client.next(isEvent(channel, 'e'))).data).toBe(`{"for":"${channel}"}`)
    }
  })

  // covers: HTTP-39
  it('is answered with an entry for each event as soon as one asks for info', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    for (const [index, client] of crowd.clients.entries()) {
      await subscribe(client, 'presence-x', { userId: String(index) })
    }
    const asking = { ...entry, channel: 'presence-x', info: 'user_count' }
    const body = {
      batch: [entry, asking, { ...entry, channel: 'presence-x' }, { ...entry, info: 'user_count' }],
    }
    const answer = await server.api('/batch_events', { body })
    expect(answer).toMatchObject({ status: 200, json: { batch: [{}, { user_count: 2 }, {}, {}] } })
  })

  // covers: HTTP-40
  it('excludes connections event by event', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    for (const client of crowd) await subscribe(client, 'news')
    const batch = [
      { ...entry, name: 'not-a', socket_id: crowd.at(0).socketId },
      { ...entry, name: 'not-b', socket_id: crowd.at(1).socketId },
      { ...entry, name: 'both' },
    ]
    expect(await server.api('/batch_events', { body: { batch } })).toMatchObject({ status: 200 })
    for (const [index, wanted] of ['not-b', 'not-a'].entries()) {
      const frames = await crowd.at(index).inbox.nextMany(({ channel }) => channel === 'news', 2)
      expect(frames.map(({ event }) => event)).toEqual([wanted, 'both'])
    }
  })

  // covers: HTTP-44
  it.each<[string, unknown]>([
    ['channels instead of a channel', { ...entry, channel: undefined, channels: ['news'] }],
    ['no channel', { ...entry, channel: undefined }],
    ['a channel with a space', { ...entry, channel: 'a b' }],
    ['a reserved name', { ...entry, name: 'pusher:x' }],
    ['no data', { ...entry, data: undefined }],
    ['an object for data', { ...entry, data: {} }],
    ['a malformed socket id', { ...entry, socket_id: 'x' }],
    ['an unknown attribute', { ...entry, info: 'x' }],
    ['null', null],
    ['a string', 'e'],
    ['an array', [entry]],
  ])('is refused as a whole for an event with %s', async (_, bad) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    const answer = await server.api('/batch_events', { body: { batch: [entry, bad, entry] } })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('batch[1]')
    await server.publish('news', 'last', '{}')
    await client.next(isEvent('news', 'last'))
    await client.expectNothing(isEvent('news', 'e'))
  })

  it.each([undefined, null, 5, 'x', {}, { length: 1, 0: entry }])('is an array and not %j', async (batch) => {
    await using server = await startServer()
    expect(await server.api('/batch_events', { body: { batch } })).toMatchObject({ status: 400 })
  })

  it('may be empty', async () => {
    await using server = await startServer()
    const answer = await server.api('/batch_events', { body: { batch: [] } })
    expect(answer).toMatchObject({ status: 200, text: '{}' })
  })
})
