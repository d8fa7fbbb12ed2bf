import { describe, expect, it } from 'vitest'
import { rosterOf } from '../support/presence.js'
import {
  app1,
  app2,
  everythingOn,
  expectRefused,
  isEvent,
  sendSubscribe,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

describe('two apps of one server', () => {
  // covers: CONN-45
  it('share no channel of the same name', async () => {
    await using server = await startServer()
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await subscribe(one, 'news')
    await subscribe(two, 'news')
    await server.publish('news', 'first', '1', {}, app1)
    await one.next(isEvent('news', 'first'))
    await server.publish('news', 'second', '2', {}, app2)
    await two.next(isEvent('news', 'second'))
    await one.expectNothing(isEvent('news', 'second'))
    await two.expectNothing(isEvent('news', 'first'))
  })

  it('share no members, counts or cached events', async () => {
    await using server = await startServer(everythingOn())
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await subscribe(one, 'presence-x', { userId: 'a', app: app1 })
    expect(rosterOf(await subscribe(two, 'presence-x', { userId: 'b', app: app2 }))).toMatchObject({
      ids: ['b'],
      count: 1,
    })
    await server.publish('cache-x', 'e', '{}', {}, app1)
    await subscribe(two, 'cache-x')
    await two.next('pusher:cache_miss')
    await one.expectNothing((frame) => frame.event.startsWith('pusher_internal:'))
    for (const [app, id, channels] of [
      [app1, 'a', { 'presence-x': {} }],
      [app2, 'b', { 'presence-x': {}, 'cache-x': {} }],
    ] as const) {
      expect((await server.api('/channels', { app })).json).toEqual({ channels })
      expect((await server.api('/channels/presence-x/users', { app })).json).toEqual({ users: [{ id }] })
      const query = { info: 'subscription_count,user_count' }
      expect((await server.api('/channels/presence-x', { app, query })).json).toEqual({
        occupied: true,
        subscription_count: 1,
        user_count: 1,
      })
    }
  })

  it('share no client events', async () => {
    await using server = await startServer()
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await using other = await server.connect(app1.key)
    for (const [client, app] of [
      [one, app1],
      [two, app2],
      [other, app1],
    ] as const) {
      await subscribe(client, 'private-x', { app })
    }
    one.send({ event: 'client-e', channel: 'private-x', data: '{}' })
    await other.next(isEvent('private-x', 'client-e'))
    await two.expectNothing(isEvent('private-x', 'client-e'))
  })

  it('share no users: neither messages, nor watchlists, nor termination', async () => {
    await using server = await startServer(everythingOn())
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await signIn(one, { id: 'u1', watchlist: ['u2'] }, app1)
    await one.next('pusher_internal:watchlist_events')
    await signIn(two, { id: 'u2' }, app2)
    await one.expectNothing('pusher_internal:watchlist_events')
    await using three = await server.connect(app2.key)
    await signIn(three, { id: 'u1' }, app2)
    await server.publish('#server-to-user-u1', 'e', '{}', {}, app1)
    await one.next(isEvent('#server-to-user-u1', 'e'))
    await three.expectNothing(isEvent('#server-to-user-u1', 'e'))
    expect(await server.api('/users/u1/terminate_connections', { app: app2, body: '{}' })).toMatchObject({
      status: 200,
    })
    expect(await three.closed()).toMatchObject({ code: 4009 })
    await one.barrier()
  })

  it('do not exclude each other’s connections', async () => {
    await using server = await startServer()
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    await subscribe(one, 'news')
    await server.publish('news', 'e', '{}', { socket_id: two.socketId }, app1)
    await one.next(isEvent('news', 'e'))
  })

  it('accept no auth string of each other', async () => {
    await using server = await startServer()
    await using one = await server.connect(app1.key)
    const auths = [app2, { ...app1, secret: app2.secret }, { ...app2, secret: app1.secret }]
    for (const app of auths) {
      sendSubscribe(one, 'private-x', { app })
      await expectRefused(one, 'private-x')
    }
    await subscribe(one, 'private-x', { app: app1 })
  })

  it('have their own limits and abilities', async () => {
    await using server = await startServer({
      app1: { clientEvents: false, limits: { connections: 1 } },
      app2: { limits: { eventPayloadBytes: 10 } },
    })
    await using one = await server.connect(app1.key)
    await expect(server.connect(app1.key)).rejects.toThrow('4004')
    await using two = await server.connect(app2.key)
    await using twoMore = await server.connect(app2.key)
    await subscribe(one, 'private-x', { app: app1 })
    one.send({ event: 'client-e', channel: 'private-x', data: '{}' })
    await expectRefused(one)
    for (const client of [two, twoMore]) await subscribe(client, 'private-x', { app: app2 })
    two.send({ event: 'client-e', channel: 'private-x', data: '{}' })
    await twoMore.next(isEvent('private-x', 'client-e'))
    const body = { name: 'e', channels: ['private-x'], data: 'x'.repeat(11) }
    expect(await server.api('/events', { app: app1, body })).toMatchObject({ status: 200 })
    expect(await server.api('/events', { app: app2, body })).toMatchObject({ status: 413 })
  })

  // covers: HOOK-19
  it('never share a webhook, even with the same endpoint', async () => {
    await using receiver = await WebhookReceiver.start()
    const webhooks = [{ url: receiver.url, maxBatchWaitMs: 50 }]
    await using server = await startServer({ app1: { webhooks }, app2: { webhooks } })
    await using one = await server.connect(app1.key)
    await using two = await server.connect(app2.key)
    for (let index = 0; index < 50; index++) {
      one.send({ event: 'pusher:subscribe', data: { channel: `one-${index}` } })
      two.send({ event: 'pusher:subscribe', data: { channel: `two-${index}` } })
    }
    await receiver.events.nextMany(({ name }) => name === 'channel_occupied', 100)
    const bodies = receiver.deliveries.items.map(({ headers, events }) => ({
      key: headers['x-pusher-key'],
      channels: events.map(({ channel }) => channel),
    }))
    expect(bodies.length).toBeLessThan(100)
    for (const { key, channels } of bodies) {
      const prefix = key === app1.key ? 'one-' : 'two-'
      expect(channels.filter((channel) => !channel.startsWith(prefix))).toEqual([])
    }
  })
})
