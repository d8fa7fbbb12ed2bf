import { describe, expect, it } from 'vitest'
import { presenceData } from '../support/auth.js'
import { rosterOf, sendJoin } from '../support/presence.js'
import {
  app1,
  expectRefused,
  isEvent,
  isSuccess,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'

const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf']

/** Nothing of what a test did may show on every object of the process, in which the server runs too. */
function expectCleanPrototypes(): void {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
}

describe('a name that objects have from their prototype', () => {
  // covers: SEC-08
  it.each(names)('is an ordinary channel: %s', async (channel) => {
    await using server = await startServer({ app1: { subscriptionCount: true } })
    await using client = await server.connect()
    expect((await server.api(`/channels/${channel}`)).json).toEqual({ occupied: false })
    await subscribe(client, channel)
    const info = 'subscription_count'
    const answer = await server.api('/events', { body: { name: 'e', channels: [channel], data: '{}', info } })
    expect(answer.text).toBe(`{"channels":{"${channel}":{"subscription_count":1}}}`)
    await client.next(isEvent(channel, 'e'))
    expect((await server.api('/channels')).text).toBe(`{"channels":{"${channel}":{}}}`)
    expect((await server.api(`/channels/${channel}`)).json).toEqual({ occupied: true })
    client.send({ event: 'pusher:unsubscribe', data: { channel } })
    await client.barrier()
    expect((await server.api('/channels')).text).toBe('{"channels":{}}')
    expectCleanPrototypes()
  })

  // covers: SEC-08
  it.each(names)('is an ordinary event: %s', async (name) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'cache-a')
    await server.publish('cache-a', name, '{"__proto__":{"polluted":1}}')
    const frame = await client.next(isEvent('cache-a', name))
    expect(frame.data).toBe('{"__proto__":{"polluted":1}}')
    await using late = await server.connect()
    await subscribe(late, 'cache-a')
    await late.next(isEvent('cache-a', name))
    expectCleanPrototypes()
  })

  // covers: SEC-08
  it('is an ordinary user id', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const [index, userId] of names.entries()) {
      await using member = await server.connect()
      const success = await subscribe(member, `presence-${index}`, { userId, userInfo: { name: userId } })
      expect(rosterOf(success).ids).toEqual([userId])
      expect(success.data).toContain(`"hash":{"${userId}":{"name":"${userId}"}}`)
      const users = await server.api(`/channels/presence-${index}/users`)
      expect(users.text).toBe(`{"users":[{"id":"${userId}"}]}`)
      await signIn(member, { id: userId })
      await server.publish(`#server-to-user-${userId}`, 'e', '{}')
      await member.next(isEvent(`#server-to-user-${userId}`, 'e'))
      expect(await server.api(`/users/${userId}/terminate_connections`, { body: '{}' })).toMatchObject({
        status: 200,
      })
      expect(await member.closed()).toMatchObject({ code: 4009 })
    }
    await client.barrier()
    expectCleanPrototypes()
  })

  // covers: SEC-08
  it.each(names)('is an ordinary app: %s', async (name) => {
    const app = { id: name, key: name, secret: 's' }
    await using without = await startServer()
    expect(await without.api('/channels', { app })).toMatchObject({ status: 404 })
    await expect(without.connect(name)).rejects.toThrow('4001')
    await using server = await startServer({ moreApps: [app] })
    await using client = await server.connect(name)
    await subscribe(client, 'private-a', { app })
    expect((await server.api('/channels', { app })).json).toEqual({ channels: { 'private-a': {} } })
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
  })

  // covers: SEC-08
  it('is no attribute, and as a parameter means nothing', async () => {
    await using server = await startServer()
    for (const name of names) {
      expect(await server.api('/channels/news', { query: { info: name } })).toMatchObject({ status: 400 })
      expect(await server.api('/channels/news', { query: { [name]: 'info' } })).toMatchObject({ status: 200 })
      expect(await server.api('/channels/news', { query: { [name]: ['a', 'b'] } })).toMatchObject({
        status: 200,
      })
    }
    const auth = { ['__proto__']: 'x' }
    expect(await server.api('/channels/news', { auth })).toMatchObject({ status: 200 })
    expectCleanPrototypes()
  })

  // covers: SEC-08
  it.each([
    '{"__proto__":{"name":"e","channels":["news"],"data":"x"}}',
    '{"constructor":{"prototype":{"polluted":1}},"name":"e","data":"x"}',
    '{"name":"e","data":"x","channels":{"__proto__":["news"]}}',
    '{"__proto__":{"info":"user_count"},"name":"e","data":"x","channel":["__proto__"]}',
  ])('never stands in for a member of a body: %s', async (body) => {
    await using server = await startServer()
    expect(await server.api('/events', { body })).toMatchObject({ status: 400 })
    const batch = `{"batch":[${body}]}`
    expect(await server.api('/batch_events', { body: batch })).toMatchObject({ status: 400 })
    expectCleanPrototypes()
  })

  // covers: SEC-08
  it('never stands in for a member of a message', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    for (const text of [
      '{"__proto__":{"event":"pusher:subscribe","data":{"channel":"news"}}}',
      '{"event":"pusher:subscribe","data":{"__proto__":{"channel":"news"}}}',
      '{"event":"pusher:subscribe","__proto__":{"data":{"channel":"news"}}}',
      '{"event":"pusher:signin","data":{"__proto__":{"auth":"a:b","user_data":"{}"}}}',
      '{"event":"__proto__"}',
      '{"event":"client-x","__proto__":{"channel":"news","data":"x"}}',
    ]) {
      client.sendText(text)
      await expectRefused(client, 'news')
    }
    const data = '{"__proto__":{"user_id":"1"}}'
    sendJoin(client, 'presence-a', data)
    await expectRefused(client, 'presence-a')
    sendJoin(
      client,
      'presence-a',
      presenceData('__proto__', JSON.parse('{"__proto__":{"polluted":1}}')),
      app1,
    )
    const success = await client.next(isSuccess('presence-a'))
    expect(success.data).toContain('"hash":{"__proto__":{"__proto__":{"polluted":1}}}')
    expectCleanPrototypes()
  })
})
