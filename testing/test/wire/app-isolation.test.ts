import { describe, expect, it } from 'vitest'
import type { AppCredentials } from '../support/auth.js'
import { channelAuth } from '../support/auth.js'
import { isMemberEvent, rosterOf } from '../support/presence.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServerOptions } from '../support/test-server.js'
import {
  app1,
  app2,
  everythingOn,
  expectRefused,
  sendSubscribe,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js'

/** A server, with a client in each of its two apps. */
async function oneInEach(options: TestServerOptions = {}) {
  const server = await startServer(options)
  const one = await server.connect(app1.key)
  const two = await server.connect(app2.key)
  return {
    server,
    one,
    two,
    async [Symbol.asyncDispose]() {
      for (const each of [one, two, server]) await each[Symbol.asyncDispose]()
    },
  }
}

describe('two apps of a server', () => {
  // covers: CONN-45
  it.each(['news', 'private-x', 'private-encrypted-x', 'presence-x'])(
    'do not hear the events of %s in each other',
    async (channel) => {
      await using both = await oneInEach()
      const { server, one, two } = both
      await subscribe(one, channel)
      await subscribe(two, channel, { app: app2 })
      await server.publish(channel, 'first', {}, {}, app1)
      await server.publish(channel, 'second', {}, {}, app2)
      await one.next('first')
      await two.next('second')
      await one.expectNothing('second')
      await two.expectNothing('first')
    },
  )

  it('do not hear the client events in each other', async () => {
    await using both = await oneInEach()
    const { server, one, two } = both
    await subscribe(one, 'private-x')
    await subscribe(two, 'private-x', { app: app2 })
    one.send({ event: 'client-x', channel: 'private-x', data: {} })
    await one.barrier()
    await server.publish('private-x', 'after', {}, {}, app2)
    await two.next('after')
    await two.expectNothing('client-x')
  })

  it('have members of their own in a presence channel of the same name', async () => {
    await using both = await oneInEach({
      app1: { limits: { presenceMembers: 1 } },
      app2: { limits: { presenceMembers: 1 } },
    })
    const { server, one, two } = both
    await subscribe(one, 'presence-x', { userId: '10' })
    const roster = rosterOf(await subscribe(two, 'presence-x', { app: app2, userId: '11' }))
    expect(roster).toEqual({ ids: ['11'], hash: { '11': null }, count: 1 })
    const usersOf = async (app: AppCredentials) =>
      (await server.api('/channels/presence-x/users', { app })).json
    expect(await usersOf(app1)).toEqual({ users: [{ id: '10' }] })
    expect(await usersOf(app2)).toEqual({ users: [{ id: '11' }] })
    await two.close()
    await one.expectNothing(isMemberEvent())
  })

  it('list their own channels and counts only', async () => {
    await using both = await oneInEach(everythingOn())
    const { server, one, two } = both
    await subscribe(one, 'news')
    await subscribe(one, 'only-in-one')
    await subscribe(two, 'news')
    await one.barrier()
    const counts = one.inbox.items.filter(({ event }) => event === 'pusher_internal:subscription_count')
    expect(counts.map(({ data }) => data)).toEqual(Array(2).fill('{"subscription_count":1}'))
    expect((await server.api('/channels', { app: app2 })).json).toEqual({ channels: { news: {} } })
    const query = { info: 'subscription_count' }
    expect((await server.api('/channels/news', { app: app2, query })).json).toEqual({
      occupied: true,
      subscription_count: 1,
    })
    expect((await server.api('/channels/only-in-one', { app: app2 })).json).toEqual({ occupied: false })
  })

  it('keep their own events in a cache channel of the same name', async () => {
    await using both = await oneInEach()
    const { server, one, two } = both
    await server.publish('cache-x', 'first', {}, {}, app1)
    await subscribe(two, 'cache-x')
    await two.next('pusher:cache_miss')
    await subscribe(one, 'cache-x')
    await one.next('first')
    await two.expectNothing('first')
  })

  it('have users of their own with the same ids', async () => {
    await using both = await oneInEach(everythingOn())
    const { server, one, two } = both
    await signIn(one, { id: 'u1', watchlist: ['u2'] })
    await signIn(two, { id: 'u1' }, app2)
    await using watched = await server.connect(app2.key)
    await signIn(watched, { id: 'u2' }, app2)
    await server.publish('#server-to-user-u1', 'hello', { from: 2 }, {}, app2)
    expect((await two.next('hello')).payload).toEqual({ from: 2 })
    await one.expectNothing('hello')
    const states = one.inbox.items.filter(({ event }) => event === 'pusher_internal:watchlist_events')
    expect(states.map(({ payload }) => payload)).toEqual([
      { events: [{ name: 'offline', user_ids: ['u2'] }] },
    ])
    await server.api('/users/u1/terminate_connections', { app: app2, body: {} })
    expect((await two.closed()).code).toBe(4009)
    await one.barrier()
  })

  // covers: AUTH-10
  it('do not accept the auth strings of each other', async () => {
    await using both = await oneInEach()
    const wrong = (client: RawClient, key: string, secret: string): string =>
      channelAuth({ id: '', key, secret }, client.socketId, 'private-x')
    const { one } = both
    for (const auth of [
      wrong(one, app2.key, app2.secret),
      wrong(one, app1.key, app2.secret),
      wrong(one, app2.key, app1.secret),
    ]) {
      sendSubscribe(one, 'private-x', { data: { auth } })
      await expectRefused(one, 'private-x')
    }
  })

  it('cannot exclude the connections of each other from an event', async () => {
    await using both = await oneInEach()
    const { server, one, two } = both
    await subscribe(two, 'news')
    await server.publish('news', 'saved', {}, { socket_id: one.socketId }, app2)
    await two.next('saved')
  })

  it('tell their webhooks of their own events only, signed by their own secrets', async () => {
    await using first = await WebhookReceiver.start()
    await using second = await WebhookReceiver.start()
    const to = ({ url }: WebhookReceiver) => ({ webhooks: [{ url, maxBatchWaitMs: 0 }] })
    await using both = await oneInEach({ app1: to(first), app2: to(second) })
    await subscribe(both.one, 'one')
    await subscribe(both.two, 'two')
    await first.waitForEvent('channel_occupied', 'one')
    await second.waitForEvent('channel_occupied', 'two')
    expect(first.events.items).toHaveLength(1)
    expect(second.events.items).toHaveLength(1)
    for (const delivery of first.deliveries.items) expect(isSignedBy(delivery, app1)).toBe(true)
    for (const delivery of second.deliveries.items) expect(isSignedBy(delivery, app2)).toBe(true)
  })
})
