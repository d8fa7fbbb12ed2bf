import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { signIn, startServer, subscribe } from '../support/test-server.js'

const WATCHLIST = 'pusher_internal:watchlist_events'
const watching = { app1: { watchlist: true } }

/** What a client was told of its watchlist, in order: `+u2` is online, `-u3` is offline. */
function toldTo(client: RawClient): string[] {
  return client.inbox.items
    .filter(({ event }) => event === WATCHLIST)
    .flatMap(({ payload }) => (payload as { events: { name: string; user_ids: string[] }[] }).events)
    .flatMap(({ name, user_ids }) => user_ids.map((id) => `${name === 'online' ? '+' : '-'}${id}`))
}

/** Connects a client that signs in as `u1` and watches these users; waits for their first state. */
async function watch(server: TestServer, ...watchlist: unknown[]): Promise<RawClient> {
  const client = await server.connect()
  await signIn(client, { id: 'u1', watchlist })
  await client.next(WATCHLIST)
  return client
}

describe('a watchlist', () => {
  // covers: WATCH-01, WATCH-09
  it('is answered behind the sign-in with who is online and who is not', async () => {
    await using server = await startServer(watching)
    await using b = await server.connect()
    await signIn(b, { id: 'u2' })
    await using a = await server.connect()
    await signIn(a, { id: 'u1', watchlist: ['u2', 'u3'] })
    const { message, payload } = await a.next(WATCHLIST)
    expect(payload).toEqual({
      events: [
        { name: 'online', user_ids: ['u2'] },
        { name: 'offline', user_ids: ['u3'] },
      ],
    })
    expect(Object.keys(message).sort()).toEqual(['data', 'event'])
    expect(a.inbox.items.map(({ event }) => event).slice(1)).toEqual(['pusher:signin_success', WATCHLIST])
  })

  it('leaves out a state that nobody is in', async () => {
    await using server = await startServer(watching)
    await using a = await watch(server, 'u1')
    await using b = await server.connect()
    await signIn(b, { id: 'u2', watchlist: ['u3'] })
    expect((await b.next(WATCHLIST)).payload).toEqual({ events: [{ name: 'offline', user_ids: ['u3'] }] })
    expect(toldTo(a)).toEqual(['+u1'])
  })

  // covers: WATCH-03, WATCH-04, WATCH-05
  it('tells when a user comes and goes, whatever number of connections that user has', async () => {
    await using server = await startServer(watching)
    await using a = await watch(server, 'u3', 'u4')
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using marker = await server.connect()
    await signIn(tab1, { id: 'u3' })
    await a.next(WATCHLIST)
    await signIn(tab2, { id: 'u3' })
    await tab2.close()
    await signIn(marker, { id: 'u4' })
    await a.next(WATCHLIST)
    expect(toldTo(a)).toEqual(['-u3', '-u4', '+u3', '+u4'])
    tab1.destroy()
    await a.next(WATCHLIST)
    await a.expectNothing(WATCHLIST)
    expect(toldTo(a)).toEqual(['-u3', '-u4', '+u3', '+u4', '-u3'])
  })

  it('tells every connection of the watcher, and of each watcher', async () => {
    await using server = await startServer(watching)
    await using tab1 = await watch(server, 'u3')
    await using tab2 = await watch(server, 'u3')
    await using other = await server.connect()
    await signIn(other, { id: 'u2', watchlist: ['u3', 'u1'] })
    await other.next(WATCHLIST)
    await using b = await server.connect()
    await signIn(b, { id: 'u3' })
    for (const client of [tab1, tab2, other]) await client.next(WATCHLIST)
    expect(toldTo(other)).toEqual(['+u1', '-u3', '+u3'])
    expect(toldTo(tab2)).toEqual(['-u3', '+u3'])
  })

  it('tells of a user whose connections are terminated', async () => {
    await using server = await startServer(watching)
    await using b = await server.connect()
    await signIn(b, { id: 'u2' })
    await using a = await watch(server, 'u2')
    await server.api('/users/u2/terminate_connections', { body: {} })
    await a.next(WATCHLIST)
    expect(toldTo(a)).toEqual(['+u2', '-u2'])
  })

  it('is answered truly however sign-ins meet', async () => {
    await using server = await startServer(watching)
    for (let round = 0; round < 20; round++) {
      await using a = await server.connect()
      await using b = await server.connect()
      const both = [signIn(a, { id: 'u1', watchlist: ['u2'] }), signIn(b, { id: 'u2', watchlist: ['u1'] })]
      await Promise.all(round % 2 === 0 ? both : both.reverse())
      for (const client of [a, b]) {
        await client.barrier()
        await client.barrier()
      }
      expect(toldTo(a).at(-1)).toBe('+u2')
      expect(toldTo(b).at(-1)).toBe('+u1')
      await a.close()
      await b.close()
    }
  })

  // covers: WATCH-06, LIMIT-06
  it('watches the first 100 of a longer list, and says so with code 4302', async () => {
    await using server = await startServer(watching)
    const ids = Array.from({ length: 101 }, (_, index) => `w${index + 1}`)
    await using a = await server.connect()
    await signIn(a, { id: 'u1', watchlist: ids })
    const { data } = await a.next('pusher:error')
    expect(data).toMatchObject({ code: 4302 })
    const { message } = data as { message: string }
    expect(message).toContain('w100')
    expect(message).not.toContain('w101')
    await a.next(WATCHLIST)
    expect(toldTo(a)).toEqual(ids.slice(0, 100).map((id) => `-${id}`))
    await using unwatched = await server.connect()
    await using watched = await server.connect()
    await signIn(unwatched, { id: 'w101' })
    await signIn(watched, { id: 'w100' })
    await a.next(WATCHLIST)
    expect(toldTo(a).slice(100)).toEqual(['+w100'])
  })

  // covers: LIMIT-06
  it('may have exactly 100 users, an id that stands twice counting once', async () => {
    await using server = await startServer(watching)
    const ids = Array.from({ length: 100 }, (_, index) => `w${index + 1}`)
    await using a = await watch(server, 'w1', ...ids, 'w100')
    await a.expectNothing('pusher:error')
    expect(toldTo(a)).toHaveLength(100)
  })

  // covers: WATCH-07
  it('means nothing in an app without it, and an empty one sends nothing', async () => {
    await using server = await startServer({ app1: { watchlist: false }, app2: { watchlist: true } })
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect('key2')
    await signIn(a, { id: 'u1', watchlist: ['u2'] })
    await signIn(b, { id: 'u2' })
    await a.expectNothing(WATCHLIST)
    await signIn(c, { id: 'u1', watchlist: [] }, { id: 'app2', key: 'key2', secret: 'secret2' })
    await c.expectNothing(WATCHLIST)
  })

  it.each([
    ['a text', 'u2'],
    ['an object', { u2: true }],
    ['numbers', [2, null, {}]],
    ['null', null],
  ])('that is %s harms nobody', async (_, watchlist) => {
    await using server = await startServer(watching)
    await using a = await server.connect()
    await signIn(a, { id: 'u1', watchlist })
    await a.expectNothing(WATCHLIST)
  })

  // covers: WATCH-08
  it('does not take a member of a presence channel for a user who is online', async () => {
    await using server = await startServer(watching)
    await using b = await server.connect()
    await subscribe(b, 'presence-x', { userId: 'u2' })
    await using a = await watch(server, 'u2', 'u3')
    await using c = await server.connect()
    await subscribe(c, 'presence-x', { userId: 'u2' })
    await signIn(c, { id: 'u3' })
    await a.next(WATCHLIST)
    expect(toldTo(a)).toEqual(['-u2', '-u3', '+u3'])
  })
})
