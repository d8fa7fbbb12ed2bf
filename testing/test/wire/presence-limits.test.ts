import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { isMemberEvent, rosterOf } from '../support/presence.js'
import { expectRefused, sendSubscribe, startServer, subscribe } from '../support/test-server.js'

const room = 'presence-room'
const twoMembers = { app1: { limits: { presenceMembers: 2 } } }

describe('a full presence channel', () => {
  // covers: PRES-26, PRES-28, LIMIT-04
  it('refuses a new user until somebody has left, and nobody else notices', async () => {
    await using server = await startServer(twoMembers)
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, { userId: '10' })
    await subscribe(b, room, { userId: '11' })
    await a.next('pusher_internal:member_added')
    sendSubscribe(c, room, { userId: '12' })
    await expectRefused(c, room)
    for (const client of [a, b]) await client.expectNothing(isMemberEvent())
    await server.publish(room, 'saved', {})
    await c.expectNothing('saved')

    b.send({ event: 'pusher:unsubscribe', data: { channel: room } })
    await a.next('pusher_internal:member_removed')
    expect(rosterOf(await subscribe(c, room, { userId: '12' })).ids).toEqual(['10', '12'])
    await a.next('pusher_internal:member_added')
  })

  // covers: PRES-26
  it('lets in a further connection of a user who is in', async () => {
    await using server = await startServer(twoMembers)
    await using a = await server.connect()
    await using b = await server.connect()
    await using tab = await server.connect()
    await subscribe(a, room, { userId: '10' })
    await subscribe(b, room, { userId: '11' })
    expect(rosterOf(await subscribe(tab, room, { userId: 10 }))).toMatchObject({ count: 2 })
  })

  it('has room for a user only when the last of its connections has left', async () => {
    await using server = await startServer({ app1: { limits: { presenceMembers: 1 } } })
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using b = await server.connect()
    await subscribe(tab1, room, { userId: '10' })
    await subscribe(tab2, room, { userId: '10' })
    await tab1.close()
    sendSubscribe(b, room, { userId: '11' })
    await expectRefused(b, room)
    await tab2.close()
    await subscribe(b, room, { userId: '11' })
  })

  // covers: LIMIT-04
  it('has 100 members by default', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 101)
    const members = crowd.clients.slice(0, 100)
    const last = crowd.at(100)
    await Promise.all(members.map((client, index) => subscribe(client, room, { userId: index })))
    sendSubscribe(last, room, { userId: 'one more' })
    await expectRefused(last, room)
    await subscribe(last, room, { userId: 99 })
  })
})
