import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { comingsAndGoings, isMemberEvent, membersSeenBy, rosterOf } from '../support/presence.js'
import type { RawClient } from '../support/raw-client.js'
import { sendSubscribe, startServer, subscribe } from '../support/test-server.js'

const room = 'presence-room'

const leave = (client: RawClient, channel = room): void => {
  client.send({ event: 'pusher:unsubscribe', data: { channel } })
}

describe('members who come and go at the same time', () => {
  // covers: PRES-30
  it('see the same two members, however two joins meet', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    const channels = Array.from({ length: 50 }, (_, index) => `presence-${index}`)
    for (const [index, channel] of channels.entries()) {
      const both = [
        [a, { userId: 'a' }],
        [b, { userId: 'b' }],
      ] as const
      for (const [client, options] of index % 2 === 0 ? both : [...both].reverse()) {
        sendSubscribe(client, channel, options)
      }
    }
    for (const client of [a, b]) {
      for (const _ of channels) await client.next('pusher_internal:subscription_succeeded')
      await client.barrier()
    }
    await a.barrier()
    for (const channel of channels) {
      expect(membersSeenBy(a, channel)).toEqual(['a', 'b'])
      expect(membersSeenBy(b, channel)).toEqual(['a', 'b'])
      expect([...comingsAndGoings(a, channel), ...comingsAndGoings(b, channel)]).toHaveLength(1)
    }
  })

  // covers: PRES-31
  it('are added and removed in turns when one joins and leaves without waiting', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, { userId: 'a' })
    for (let round = 0; round < 50; round++) {
      sendSubscribe(b, room, { userId: 'b' })
      leave(b)
    }
    for (let round = 0; round < 50; round++) await a.next('pusher_internal:member_removed')
    await a.barrier()
    expect(comingsAndGoings(a).join(' ')).toBe(Array(50).fill('+b -b').join(' '))
    expect((await server.api(`/channels/${room}/users`)).json).toEqual({ users: [{ id: 'a' }] })
  })

  // covers: PRES-31
  it('are the same for everybody after a storm', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 8)
    for (let round = 0; round < 20; round++) {
      for (const [index, client] of crowd.clients.entries()) {
        // Two connections per user, each with a rhythm of its own; all are in at the end.
        if ((round + index) % (2 + (index % 3)) === 0) leave(client)
        sendSubscribe(client, room, { userId: `user${index % 4}` })
      }
    }
    await Promise.all(crowd.clients.map((client) => client.barrier()))
    await Promise.all(crowd.clients.map((client) => client.barrier()))
    const everybody = ['user0', 'user1', 'user2', 'user3']
    for (const client of crowd) expect(membersSeenBy(client, room)).toEqual(everybody)
    const { users } = (await server.api(`/channels/${room}/users`)).json as { users: { id: string }[] }
    expect(users.map(({ id }) => id).sort()).toEqual(everybody)
  })

  // covers: PRES-39
  it('are all in the one roster that a joiner gets', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 51)
    const clients = crowd.clients.slice(0, 50)
    const joiner = crowd.at(50)
    await Promise.all(
      clients.map((client, index) =>
        subscribe(client, room, {
          userId: index,
          userInfo: { name: `user ${index}`, text: 'x'.repeat(500) },
        }),
      ),
    )
    const roster = rosterOf(await subscribe(joiner, room, { userId: 50 }))
    expect(roster.count).toBe(51)
    expect(new Set(roster.ids)).toEqual(new Set(Array.from({ length: 51 }, (_, index) => String(index))))
    expect(roster.hash['7']).toMatchObject({ name: 'user 7' })
    await joiner.expectNothing(isMemberEvent())
    await Promise.all(clients.map((client) => client.barrier()))
    for (const client of clients) expect(membersSeenBy(client, room)).toHaveLength(51)
  })

  it('all leave when their connections break at once', async () => {
    await using server = await startServer()
    await using witness = await server.connect()
    await subscribe(witness, room, { userId: 'witness' })
    await using crowd = await connectCrowd(server, 20)
    await Promise.all(crowd.clients.map((client, index) => subscribe(client, room, { userId: index })))
    for (const client of crowd) client.destroy()
    for (const _ of crowd) await witness.next('pusher_internal:member_removed')
    await witness.barrier()
    expect(membersSeenBy(witness, room)).toEqual(['witness'])
  })

  // covers: PRES-40, CEV-13
  it('are known before their first client event and until after their last', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, { userId: 'a' })
    sendSubscribe(b, room, { userId: 'b' })
    b.send({ event: 'client-hello', channel: room, data: {} })
    b.send({ event: 'client-bye', channel: room, data: {} })
    leave(b)
    await a.next('pusher_internal:member_removed')
    const [, , ...since] = a.inbox.items
    expect(since.map(({ event }) => event)).toEqual([
      'pusher_internal:member_added',
      'client-hello',
      'client-bye',
      'pusher_internal:member_removed',
    ])
  })
})
