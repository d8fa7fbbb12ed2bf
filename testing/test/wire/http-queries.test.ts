import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { app2, signIn, startServer, subscribe } from '../support/test-server.js'

/** What `GET /channels` answers, with its status checked. */
async function channels(server: TestServer, query: Record<string, string> = {}): Promise<unknown> {
  const answer = await server.api('/channels', { query })
  expect(answer).toMatchObject({ status: 200 })
  return (answer.json as { channels: unknown }).channels
}

/** Two users with three connections in `presence-x`. */
async function joinTwoUsers(crowd: Iterable<RawClient>): Promise<void> {
  const users = ['1', '2', '2']
  for (const client of crowd) await subscribe(client, 'presence-x', { userId: users.shift() ?? '3' })
}

describe('the list of channels', () => {
  // covers: QRY-01
  it('is an empty object when nothing is occupied', async () => {
    await using server = await startServer()
    const answer = await server.api('/channels')
    expect(answer).toMatchObject({ status: 200, text: '{"channels":{}}' })
  })

  // covers: QRY-03, QRY-16
  it('has the occupied channels, with nothing that was not asked for', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using client = await server.connect()
    await signIn(client, { id: 'u1' })
    client.send({ event: 'pusher:subscribe', data: { auth: '', channel: '#server-to-user-u1' } })
    for (const channel of ['news', 'private-a', 'presence-x', 'cache-a']) {
      await subscribe(client, channel, { userId: '1' })
    }
    await server.publish('cache-other', 'e', '{}')
    const occupied = { news: {}, 'private-a': {}, 'presence-x': {}, 'cache-a': {} }
    expect(await channels(server)).toEqual(occupied)
    expect((await server.api('/channels', { app: app2 })).json).toEqual({ channels: {} })
  })

  // covers: QRY-04
  it('lacks a channel at once when its last subscriber left', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of ['a', 'b']) await subscribe(client, channel)
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } })
    await client.barrier()
    expect(await channels(server)).toEqual({ b: {} })
    await client.close()
    expect(await channels(server)).toEqual({})
  })

  // covers: QRY-05, QRY-06
  it.each([
    ['presence-', ['presence-x']],
    ['private-a', ['private-a', 'private-ab']],
    ['a.b', ['a.b']],
    ['.', []],
    ['', ['a.b', 'acb', 'presence-x', 'private-a', 'private-ab', 'private-b', 'x-presence-y']],
  ])('can be narrowed by the beginning of the names, literally: %j', async (prefix, expected) => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const channel of [
      'a.b',
      'acb',
      'presence-x',
      'private-a',
      'private-ab',
      'private-b',
      'x-presence-y',
    ]) {
      await subscribe(client, channel)
    }
    expect(Object.keys((await channels(server, { filter_by_prefix: prefix })) as object).sort()).toEqual(
      expected,
    )
  })

  // covers: QRY-09
  it('counts users where the prefix is that of presence channels', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    await joinTwoUsers(crowd)
    await subscribe(crowd.at(0), 'presence-room', { userId: '1' })
    const info = 'user_count'
    expect(await channels(server, { info, filter_by_prefix: 'presence-' })).toEqual({
      'presence-x': { user_count: 2 },
      'presence-room': { user_count: 1 },
    })
    expect(await channels(server, { info, filter_by_prefix: 'presence-room' })).toEqual({
      'presence-room': { user_count: 1 },
    })
  })

  // covers: QRY-08
  it.each([
    { info: 'user_count' },
    { info: 'user_count', filter_by_prefix: '' },
    { info: 'user_count', filter_by_prefix: 'private-' },
    { info: 'user_count', filter_by_prefix: 'presence' },
    { info: 'subscription_count', filter_by_prefix: 'presence-' },
    { info: 'cache', filter_by_prefix: 'cache-' },
    { info: 'nonsense', filter_by_prefix: 'presence-' },
    { info: '__proto__', filter_by_prefix: 'presence-' },
  ])('is refused for %j', async (query) => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    const answer = await server.api('/channels', { query })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toBe('')
  })

  // covers: QRY-23
  it('is complete with 5,000 channels', async () => {
    await using server = await startServer({ app1: { limits: { channelsPerConnection: 5000 } } })
    await using client = await server.connect()
    const names = Array.from({ length: 5000 }, (_, index) => `channel-${index}`)
    for (const channel of names) client.send({ event: 'pusher:subscribe', data: { channel } })
    await client.barrier({ timeoutMs: 10_000 })
    const listed = await channels(server)
    expect(Object.keys(listed as object).sort()).toEqual(names.sort())
  })
})

describe('a channel', () => {
  // covers: QRY-10, QRY-11, QRY-16
  it('is occupied or not, and says no more', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using client = await server.connect()
    for (const channel of ['news', 'presence-x', 'cache-a']) {
      await subscribe(client, channel, { userId: '1' })
      expect(await server.api(`/channels/${channel}`)).toMatchObject({
        status: 200,
        json: { occupied: true },
      })
      expect((await server.api(`/channels/${channel}`)).text).toBe('{"occupied":true}')
    }
    for (const channel of ['never', 'presence-never', 'cache-never']) {
      const answer = await server.api(`/channels/${channel}`)
      expect(answer).toMatchObject({ status: 200, text: '{"occupied":false}' })
    }
  })

  // covers: QRY-12
  it('has users, each counted once', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    await joinTwoUsers(crowd)
    const query = { info: 'user_count' }
    expect((await server.api('/channels/presence-x', { query })).json).toEqual({
      occupied: true,
      user_count: 2,
    })
    await crowd.at(2).close()
    expect((await server.api('/channels/presence-x', { query })).json).toEqual({
      occupied: true,
      user_count: 2,
    })
    await crowd.at(1).close()
    expect((await server.api('/channels/presence-x', { query })).json).toEqual({
      occupied: true,
      user_count: 1,
    })
    const empty = await server.api('/channels/presence-never', { query })
    expect(empty.json).toEqual({ occupied: false, user_count: 0 })
  })

  // covers: QRY-14, QRY-15
  it('has subscribed connections where the app counts them', async () => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using crowd = await connectCrowd(server, 3)
    await joinTwoUsers(crowd)
    const ask = async (channel: string, info: string): Promise<unknown> =>
      (await server.api(`/channels/${channel}`, { query: { info } })).json
    expect(await ask('presence-x', 'user_count,subscription_count')).toEqual({
      occupied: true,
      user_count: 2,
      subscription_count: 3,
    })
    await subscribe(crowd.at(0), 'news')
    expect(await ask('news', 'subscription_count')).toEqual({ occupied: true, subscription_count: 1 })
    expect(await ask('never', 'subscription_count')).toEqual({ occupied: false, subscription_count: 0 })
  })

  // covers: QRY-13, QRY-14
  it.each([
    ['news', 'user_count'],
    ['private-a', 'user_count'],
    ['news', 'subscription_count'],
    ['news', 'cache'],
    ['news', 'nonsense'],
    ['presence-x', 'user_count,nonsense'],
    ['presence-x', 'toString'],
  ])('is refused when %s is asked for %s', async (channel, info) => {
    await using server = await startServer()
    const answer = await server.api(`/channels/${channel}`, { query: { info } })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toBe('')
  })
})

describe('the users of a channel', () => {
  // covers: QRY-17, QRY-20
  it('are ids as strings, each once', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 3)
    expect((await server.api('/channels/presence-x/users')).json).toEqual({ users: [] })
    for (const [index, userId] of [10, '11', '11'].entries()) {
      await subscribe(crowd.at(index), 'presence-x', { userId, userInfo: { name: 'x' } })
    }
    const users = { users: [{ id: '10' }, { id: '11' }] }
    expect((await server.api('/channels/presence-x/users')).json).toEqual(users)
    const asked = await server.api('/channels/presence-x/users', { query: { info: 'user_count' } })
    expect(asked).toMatchObject({ status: 200, json: users })
  })

  // covers: QRY-18
  it.each(['news', 'private-a', 'cache-a', 'private-encrypted-a', 'presenceful'])(
    'do not exist for %s',
    async (channel) => {
      await using server = await startServer()
      await using client = await server.connect()
      await subscribe(client, channel)
      expect(await server.api(`/channels/${channel}/users`)).toMatchObject({ status: 400 })
    },
  )
})

describe('a channel name in the path', () => {
  // covers: QRY-22
  it.each([
    'bad%20name',
    'bad%20name%2F..%2F',
    '../..',
    '..%2F..%2Fchannels',
    'a%00',
    '%C3%A9',
    '%',
    '%zz',
    '%FF',
    '%2523',
    '%23server-to-user-u1',
    'x'.repeat(165),
  ])('leads nowhere when it is none: %s', async (name) => {
    await using server = await startServer()
    for (const path of [`/channels/${name}`, `/channels/${name}/users`]) {
      const answer = await server.api(path)
      expect([400, 404]).toContain(answer.status)
    }
  })

  it('is taken literally, two dots as well', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, '..')
    for (const name of ['..', '%2e%2e', '.%2E']) {
      expect((await server.api(`/channels/${name}`)).json).toEqual({ occupied: true })
    }
    expect(await server.api('/channels/../channels')).toMatchObject({ status: 404 })
  })
})
