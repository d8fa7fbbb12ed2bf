import { describe, expect, it } from 'vitest'
import { presenceData } from '../support/auth.js'
import { connectCrowd } from '../support/crowd.js'
import { joinAs, sendJoin } from '../support/presence.js'
import { RawClient } from '../support/raw-client.js'
import {
  app2,
  expectRefused,
  isEvent,
  sendSubscribe,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { until } from '../support/until.js'

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}`)

describe('a limit', () => {
  // covers: LIMIT-03
  it('allows a channel name of its length and refuses a longer one', async () => {
    await using server = await startServer({ app1: { limits: { channelNameLength: 10 } } })
    await using client = await server.connect()
    await subscribe(client, 'presence-1', { userId: '1' })
    sendSubscribe(client, 'presence-12', { userId: '1' })
    await expectRefused(client, 'presence-12')
    await using other = await server.connect(app2.key)
    await subscribe(other, 'c'.repeat(164))
    sendSubscribe(other, 'c'.repeat(165))
    await expectRefused(other, 'c'.repeat(165))
  })

  // covers: LIMIT-03
  it('allows an event name of its length and refuses a longer one, from clients and over HTTP', async () => {
    await using server = await startServer({ app1: { limits: { eventNameLength: 8 } } })
    await using crowd = await connectCrowd(server, 2)
    for (const client of crowd) await subscribe(client, 'private-a')
    crowd.at(0).send({ event: 'client-1', channel: 'private-a', data: '' })
    await crowd.at(1).next(isEvent('private-a', 'client-1'))
    crowd.at(0).send({ event: 'client-12', channel: 'private-a', data: '' })
    await expectRefused(crowd.at(0))
    const publish = async (name: string): Promise<number> =>
      (await server.api('/events', { body: { name, channels: ['a'], data: '' } })).status
    expect(await publish('x'.repeat(8))).toBe(200)
    expect(await publish('x'.repeat(9))).toBe(400)
  })

  // covers: LIMIT-03
  it('allows a user id of 128 characters and refuses a longer one', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await joinAs(client, 'presence-a', presenceData('1'.repeat(128)))
    sendJoin(client, 'presence-b', presenceData('1'.repeat(129)))
    await expectRefused(client, 'presence-b')
  })

  // covers: LIMIT-03, LIMIT-08
  it('allows member data of its bytes, whatever characters they are, and refuses more', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const [index, character] of ['x', 'é', '🚀'].entries()) {
      const room = 1024 - Buffer.byteLength(presenceData('1', ''))
      const size = Buffer.byteLength(character)
      const longest = character.repeat(Math.floor(room / size)) + 'x'.repeat(room % size)
      expect(Buffer.byteLength(presenceData('1', longest))).toBe(1024)
      await joinAs(client, `presence-${index}`, presenceData('1', longest))
      sendJoin(client, 'presence-no', presenceData('1', `${longest}x`))
      await expectRefused(client, 'presence-no')
    }
  })

  // covers: LIMIT-07
  it('allows connections up to that of the app, and again when one ends', async () => {
    await using server = await startServer({ app1: { limits: { connections: 2 } } })
    await using crowd = await connectCrowd(server, 2)
    await using refused = await RawClient.connect(server.appUrl())
    expect(await refused.closed()).toMatchObject({ code: 4004 })
    expect(refused.inbox.items.map(({ event }) => event)).toEqual(['pusher:error'])
    for (const client of crowd) await client.barrier()
    await using other = await server.connect(app2.key)
    await other.barrier()
    await crowd.at(0).close()
    await using next = await server.connect()
    await next.barrier()
  })

  it('allows connections up to that of the node, over all apps', async () => {
    await using server = await startServer({ maxConnections: 2 })
    await using one = await server.connect()
    await using two = await server.connect(app2.key)
    await using refused = await RawClient.connect(server.appUrl())
    expect(await refused.closed()).toMatchObject({ code: 4100 })
    await one.close()
    const again = await until(
      () =>
        RawClient.connect(server.appUrl()).then((client) =>
          client.established().then(
            () => client,
            () => null,
          ),
        ),
      (client) => client !== null,
    )
    await again?.close()
    await two.barrier()
  })

  it('allows subscriptions of a connection, and another when one is left', async () => {
    await using server = await startServer({ app1: { limits: { channelsPerConnection: 2 } } })
    await using client = await server.connect()
    for (const channel of ['a', 'b', 'c', 'd']) sendSubscribe(client, channel)
    for (let times = 0; times < 2; times++) await client.next('pusher:error')
    await client.barrier()
    expect((await server.api('/channels')).json).toEqual({ channels: { a: {}, b: {} } })
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } })
    await subscribe(client, 'c')
  })

  // covers: LIMIT-06
  it('allows 100 users on a watchlist; of more the first are watched, and an error names them', async () => {
    await using server = await startServer({ app1: { watchlist: true } })
    await using watcher = await server.connect()
    await using online = await server.connect()
    await signIn(online, { id: 'u100' })
    await signIn(watcher, { id: 'me', watchlist: ids(101) })
    const { data } = await watcher.next('pusher:error')
    expect(data).toMatchObject({ code: 4302 })
    const { message } = data as { message: string }
    for (const id of ids(100)) expect(message).toContain(id)
    expect(message).not.toContain('u100')
    const state = await watcher.next('pusher_internal:watchlist_events')
    expect(state.payload).toEqual({ events: [{ name: 'offline', user_ids: ids(100) }] })
    await using last = await server.connect()
    await signIn(last, { id: 'u99' })
    const change = await watcher.next('pusher_internal:watchlist_events')
    expect(change.payload).toEqual({ events: [{ name: 'online', user_ids: ['u99'] }] })
  })

  // covers: LIMIT-08
  it('counts the characters and bytes of what was meant, not of how JSON spells it', async () => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    for (const client of crowd) await subscribe(client, 'private-a')
    const [sender, receiver] = crowd.clients
    const escaped = '\\u0061'
    sender!.sendText(`{"event":"client-e","channel":"private-a","data":"${escaped.repeat(10_240)}"}`)
    expect((await receiver!.next(isEvent('private-a', 'client-e'))).data).toBe('a'.repeat(10_240))
    sender!.sendText(`{"event":"client-e","channel":"private-a","data":"${escaped.repeat(10_241)}"}`)
    await expectRefused(sender!)
    const name = escaped.repeat(164)
    sender!.sendText(`{"event":"pusher:subscribe","data":{"channel":"${name}"}}`)
    await sender!.next((frame) => frame.channel === 'a'.repeat(164))
    await receiver!.expectNothing(isEvent('private-a', 'client-e'))
  })
})
