import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import type { SubscribeOptions, TestServer } from '../support/test-server.js'
import { expectRefused, isEvent, sendSubscribe, startServer, subscribe } from '../support/test-server.js'

const isClientEvent = (frame: { event: string }): boolean => frame.event.startsWith('client-')

/** Sends a client event. */
function whisper(client: RawClient, channel: string, event = 'client-x', data: unknown = { a: 1 }): void {
  client.send({ event, channel, data })
}

/** A server and two clients in a channel. */
async function two(channel: string, options: [SubscribeOptions?, SubscribeOptions?] = []) {
  const server = await startServer()
  const [a, b] = await Promise.all([server.connect(), server.connect()])
  await subscribe(a, channel, options[0])
  await subscribe(b, channel, options[1])
  const all: AsyncDisposable[] = [a, b, server]
  return {
    server,
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const each of all) await each[Symbol.asyncDispose]()
    },
  }
}

/** Shows that what `a` sent last reached nobody: an event published after it arrives, it does not. */
async function expectNobodyGot(server: TestServer, b: RawClient, channel: string): Promise<void> {
  await server.publish(channel, 'after', {})
  await b.next(isEvent(channel, 'after'))
  await b.expectNothing(isClientEvent)
}

describe('a client event', () => {
  // covers: CEV-01, CEV-02, CEV-05
  it('reaches the other subscribers of a private channel once, without a user_id', async () => {
    await using both = await two('private-x')
    const { a, b } = both
    a.send({ event: 'client-x', channel: 'private-x', data: { a: 1 }, user_id: 'forged' })
    const { message, payload } = await b.next('client-x')
    expect(payload).toEqual({ a: 1 })
    expect(Object.keys(message).sort()).toEqual(['channel', 'data', 'event'])
    await a.expectNothing(isClientEvent)
    await b.expectNothing(isClientEvent)
  })

  // covers: CEV-02, CEV-03, CEV-04
  it('carries the id of its sender on a presence channel, and reaches its other tabs', async () => {
    await using both = await two('presence-x', [{ userId: 10 }, { userId: '10' }])
    const { a, b } = both
    a.send({ event: 'client-x', channel: 'presence-x', data: '{"a":1}', user_id: 'forged' })
    const { message } = await b.next('client-x')
    expect(message).toEqual({ event: 'client-x', channel: 'presence-x', data: '{"a":1}', user_id: '10' })
    await a.expectNothing(isClientEvent)
  })

  it.each(['private-cache-x', 'presence-cache-x'])('is possible on %s', async (channel) => {
    await using both = await two(channel, [{ userId: 'a' }, { userId: 'b' }])
    whisper(both.a, channel)
    expect((await both.b.next('client-x')).payload).toEqual({ a: 1 })
  })

  // covers: CEV-09
  it.each<[string, unknown, string]>([
    ['an object', { a: 1 }, '{"a":1}'],
    ['an array', [1, 'a'], '[1,"a"]'],
    ['a number', 5, '5'],
    ['true', true, 'true'],
    ['null', null, 'null'],
    ['an empty object', {}, '{}'],
    ['a text', 'hi', 'hi'],
    ['an empty text', '', ''],
    ['a text that holds JSON', '{"a":1}', '{"a":1}'],
  ])('has a string for data when the sender gave %s', async (_, data, expected) => {
    await using both = await two('private-x')
    whisper(both.a, 'private-x', 'client-x', data)
    expect((await both.b.next('client-x')).data).toBe(expected)
  })

  // covers: CEV-25
  it.each(['client-tüpfel 🚀', 'client-a.b', 'client-App\\Events\\Foo', 'client-"quoted"\n'])(
    'keeps the name %j and any text',
    async (name) => {
      await using both = await two('private-x')
      const data = { text: 'Zoë 🚀 \u2028 </script> \u0000' }
      whisper(both.a, 'private-x', name, data)
      expect(await both.b.next(isClientEvent)).toMatchObject({ event: name, payload: data })
    },
  )

  // covers: CEV-19, WIRE-26
  it.each([
    'client-',
    'client-pusher:foo',
    'client-pusher_internal:member_added',
    `client-${'x'.repeat(193)}`,
  ])('may be called %s', async (name) => {
    await using both = await two('private-x')
    whisper(both.a, 'private-x', name)
    expect((await both.b.next(isClientEvent)).event).toBe(name)
  })

  // covers: WIRE-26
  it('is refused with a name of 201 characters', async () => {
    await using both = await two('private-x')
    whisper(both.a, 'private-x', `client-${'x'.repeat(194)}`)
    await expectRefused(both.a)
    await expectNobodyGot(both.server, both.b, 'private-x')
  })

  // covers: CEV-10
  it.each([
    ['data', { event: 'client-x', channel: 'private-x' }],
    ['a channel', { event: 'client-x', data: { a: 1 } }],
    ['either', { event: 'client-x' }],
    ['a channel that is a text', { event: 'client-x', channel: ['private-x'], data: {} }],
  ])('is refused without %s', async (_, message) => {
    await using both = await two('private-x')
    both.a.send(message)
    await expectRefused(both.a)
    await expectNobodyGot(both.server, both.b, 'private-x')
  })

  // covers: CEV-11, CEV-12
  it('is refused from a connection that is not in the channel, or not any more', async () => {
    await using both = await two('private-x')
    const { server, a, b } = both
    await using stranger = await server.connect()
    whisper(stranger, 'private-x')
    await expectRefused(stranger)
    a.send({ event: 'pusher:unsubscribe', data: { channel: 'private-x' } })
    whisper(a, 'private-x')
    await expectRefused(a)
    await expectNobodyGot(server, b, 'private-x')
    await subscribe(stranger, 'private-x')
    whisper(stranger, 'private-x')
    await b.next('client-x')
  })

  // covers: CEV-13
  it('is sent when it comes right behind the subscribe', async () => {
    await using both = await two('private-x')
    await using c = await both.server.connect()
    sendSubscribe(c, 'private-x')
    whisper(c, 'private-x')
    expect((await both.b.next('client-x')).payload).toEqual({ a: 1 })
    await c.expectNothing((frame) => frame.event === 'pusher:error')
  })

  // covers: CEV-15, CEV-17
  it.each(['news', 'cache-x', 'private-encrypted-x', 'private-encrypted-cache-x'])(
    'is refused on %s',
    async (channel) => {
      await using both = await two(channel)
      whisper(both.a, channel)
      await expectRefused(both.a)
      await expectNobodyGot(both.server, both.b, channel)
    },
  )

  it('is refused on the channel of a user', async () => {
    await using both = await two('private-x')
    whisper(both.a, '#server-to-user-u1')
    await expectRefused(both.a)
  })

  // covers: CEV-20
  it('is refused with one error in an app without client events', async () => {
    await using server = await startServer({ app1: { clientEvents: false } })
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'private-x')
    whisper(a, 'private-x')
    const { message } = await expectRefused(a)
    expect((message.data as { code?: unknown }).code ?? null).toBeNull()
    await a.expectNothing('pusher:error')
    await expectNobodyGot(server, b, 'private-x')
  })

  // covers: CEV-23
  it.each([
    ['ASCII', 'x'.repeat(10_240), 'x'.repeat(11 * 1024)],
    ['one more byte', 'y'.repeat(10_240), 'y'.repeat(10_241)],
    ['characters of four bytes', '🚀'.repeat(2_560), `${'🚀'.repeat(2_560)}!`],
  ])('has at most 10,240 bytes of data: %s', async (_, fits, tooLarge) => {
    await using both = await two('private-x')
    whisper(both.a, 'private-x', 'client-x', fits)
    expect((await both.b.next('client-x')).data).toBe(fits)
    whisper(both.a, 'private-x', 'client-x', tooLarge)
    await expectRefused(both.a)
    await expectNobodyGot(both.server, both.b, 'private-x')
  })

  it('is measured decoded, however long its spelling is', async () => {
    await using both = await two('private-x')
    const spelled = '\\u0078'.repeat(10_240)
    both.a.sendText(`{"event":"client-x","channel":"private-x","data":"${spelled}"}`)
    expect((await both.b.next('client-x')).data).toBe('x'.repeat(10_240))
  })
})
