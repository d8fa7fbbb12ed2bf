import { describe, expect, it } from 'vitest'
import { channelAuth, presenceData } from '../support/auth.js'
import { comingsAndGoings, hears, isMemberEvent, joinAs, rosterOf, sendJoin } from '../support/presence.js'
import type { RawClient } from '../support/raw-client.js'
import { app1, expectRefused, sendSubscribe, signIn, startServer, subscribe } from '../support/test-server.js'

const room = 'presence-room'
const ada = { userId: '10', userInfo: { name: 'Ada' } }
const bo = { userId: '11', userInfo: { name: 'Bo' } }
const cy = { userId: '12', userInfo: { name: 'Cy' } }

const leave = (client: RawClient, channel = room): void => {
  client.send({ event: 'pusher:unsubscribe', data: { channel } })
}

/** A subscription without `channel_data`, signed accordingly. */
const withoutData = (client: RawClient) => ({
  data: { channel_data: undefined, auth: channelAuth(app1, client.socketId, room) },
})

describe('a presence channel', () => {
  // covers: PRES-01
  it('shows the first member itself alone', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const { message, payload } = await subscribe(a, room, ada)
    expect(typeof message.data).toBe('string')
    expect(payload).toEqual({ presence: { ids: ['10'], hash: { '10': { name: 'Ada' } }, count: 1 } })
  })

  // covers: PRES-03, PRES-04
  it('tells a member who joins, and the joiner who was there, but nothing about itself', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, ada)
    const roster = rosterOf(await subscribe(b, room, bo))
    expect(new Set(roster.ids)).toEqual(new Set(['10', '11']))
    expect(roster).toMatchObject({ hash: { '10': { name: 'Ada' }, '11': { name: 'Bo' } }, count: 2 })
    const added = await a.next('pusher_internal:member_added')
    expect(added.channel).toBe(room)
    expect(typeof added.data).toBe('string')
    expect(added.payload).toEqual({ user_id: '11', user_info: { name: 'Bo' } })
    await b.expectNothing(isMemberEvent())
    await a.expectNothing(isMemberEvent())
  })

  // covers: PRES-05, PRES-06
  it.each<[string, (client: RawClient) => unknown]>([
    ['unsubscribes', leave],
    ['closes its connection', (client) => client.close()],
    ['ends without a close frame', (client) => client.destroy()],
  ])('tells the others once when a member %s', async (_, go) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(b, room, bo)
    await go(b)
    const removed = await a.next('pusher_internal:member_removed')
    expect(typeof removed.data).toBe('string')
    expect(removed.payload).toEqual({ user_id: '11' })
    expect(rosterOf(await subscribe(c, room, cy))).toMatchObject({ count: 2 })
    await hears(a, '+12')
    expect(comingsAndGoings(a)).toEqual(['+11', '-11', '+12'])
    if (!b.isClosed) await b.expectNothing(isMemberEvent())
  })

  // covers: PRES-07, PRES-09, PRES-10
  it('takes two connections of a user for one member', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(tab1, room, bo)
    const roster = rosterOf(await subscribe(tab2, room, bo))
    expect(roster.ids.filter((id) => id === '11')).toHaveLength(1)
    expect(roster.count).toBe(2)
    leave(tab2)
    await tab2.barrier()
    await subscribe(c, room, cy)
    await hears(tab1, '+12')
    expect(comingsAndGoings(tab1)).toEqual(['+12'])
    leave(tab1)
    await hears(a, '-11')
    expect(comingsAndGoings(a)).toEqual(['+11', '+12', '-11'])
    expect(comingsAndGoings(tab2)).toEqual([])
  })

  // covers: PRES-12
  it('is not changed by a second subscribe of the same connection', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(b, room, bo)
    sendSubscribe(b, room, bo)
    await expectRefused(b, room)
    await hears(a, '+11')
    leave(b)
    await hears(a, '-11')
    await subscribe(b, room, bo)
    await hears(a, '+11')
    expect(comingsAndGoings(a)).toEqual(['+11', '-11', '+11'])
  })

  // covers: PRES-13
  it('gives a connection no second identity', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(b, room, bo)
    sendSubscribe(b, room, cy)
    await expectRefused(b, room)
    const { json } = await server.api(`/channels/${room}/users`)
    expect(json).toEqual({ users: [{ id: '10' }, { id: '11' }] })
    await b.close()
    await hears(a, '-11')
    await a.barrier()
    expect(comingsAndGoings(a)).toEqual(['+11', '-11'])
  })

  // covers: PRES-29
  it('shows later joiners the newest user_info of a member, and tells nobody else', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(tab1, room, bo)
    await subscribe(tab2, room, { userId: '11', userInfo: { name: 'Bob' } })
    expect(rosterOf(await subscribe(c, room, cy)).hash['11']).toEqual({ name: 'Bob' })
    await hears(a, '+12')
    expect(comingsAndGoings(a)).toEqual(['+11', '+12'])
  })

  // covers: PRES-34, SEC-15
  it('has the same members for the HTTP API and for a client, without socket ids', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using tab = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, ada)
    await subscribe(tab, room, ada)
    const success = await subscribe(b, room, { userId: 11 })
    const { users } = (await server.api(`/channels/${room}/users`)).json as { users: { id: unknown }[] }
    expect(users.map(({ id }) => id).sort()).toEqual([...rosterOf(success).ids].sort())
    const added = await a.next('pusher_internal:member_added')
    for (const client of [a, tab, b]) expect(success.text + added.text).not.toContain(client.socketId)
  })

  // covers: PRES-35
  it('does not notice when a member leaves another channel', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) {
      await subscribe(client, room, client === a ? ada : bo)
      await subscribe(client, 'presence-hall', client === a ? ada : bo)
    }
    leave(b, 'presence-hall')
    await hears(a, '-11')
    expect(comingsAndGoings(a, 'presence-hall')).toEqual(['+11', '-11'])
    expect(comingsAndGoings(a, room)).toEqual(['+11'])
    await server.publish(room, 'still-there', {})
    await b.next('still-there')
  })

  // covers: PRES-22, PRES-37, USER-25
  it('takes the identity of a sign-in for one that channel_data leaves out', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    sendSubscribe(a, room, withoutData(a))
    await expectRefused(a, room)
    await signIn(a, { id: 'u1', user_info: { name: 'Una' } })
    expect(rosterOf(await subscribe(a, room, withoutData(a))).hash).toEqual({ u1: { name: 'Una' } })

    await signIn(b, { id: 'u1', user_info: { name: 'Una' } })
    expect(rosterOf(await joinAs(b, room, presenceData('u2'))).hash).toEqual({
      u1: { name: 'Una' },
      u2: null,
    })
  })

  it('finds the sign-in that was sent right before it', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const signedIn = signIn(a, { id: 'u1' })
    sendSubscribe(a, room, withoutData(a))
    await signedIn
    const success = await a.next('pusher_internal:subscription_succeeded')
    expect(rosterOf(success).ids).toEqual(['u1'])
  })

  // covers: PRES-41
  it('that is a cache channel too sends its roster first and then what it keeps', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    const channel = 'presence-cache-room'
    expect(rosterOf(await subscribe(a, channel, ada)).ids).toEqual(['10'])
    await a.next('pusher:cache_miss')
    await server.publish(channel, 'saved', { n: 1 })
    sendJoin(b, channel, presenceData('11'))
    await b.next('saved')
    const [, success, replay] = b.inbox.items
    expect(success === undefined ? null : rosterOf(success).count).toBe(2)
    expect(replay?.payload).toEqual({ n: 1 })
    await b.expectNothing('pusher:cache_miss')
  })
})
