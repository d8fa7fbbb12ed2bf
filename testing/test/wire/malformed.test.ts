import { describe, expect, it } from 'vitest'
import { userAuth } from '../support/auth.js'
import { connectCrowd } from '../support/crowd.js'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { app1, expectRefused, isEvent, isSuccess, startServer, subscribe } from '../support/test-server.js'

/** The catalogue's "survives": the same connection goes on, others too, and the server serves new ones. */
async function survives(server: TestServer, client: RawClient, other: RawClient): Promise<void> {
  await subscribe(client, 'after')
  await other.barrier()
  await server.publish('after', 'n', 'x')
  await client.next(isEvent('after', 'n'))
  await using next = await server.connect()
  await next.barrier()
}

const notMessages = [
  ['no JSON', 'hello'],
  ['broken JSON', '{"event":"pusher:subscribe","data":{"channel":"news"}'],
  ['two objects', '{"event":"pusher:ping"}{"event":"pusher:ping"}'],
  ['a list', '[]'],
  ['a string', '"x"'],
  ['a number', '1'],
  ['true', 'true'],
  ['null', 'null'],
  ['nothing', ''],
  ['white space', ' \n'],
  ['a lone quote', '"'],
  ['an unfinished escape', '{"event":"\\u12"}'],
  ['a byte order mark', '\uFEFF{"event":"pusher:foo"}'],
  ['an object without event', '{}'],
  ['an event that is null', '{"event":null}'],
  ['an event that is a number', '{"event":5}'],
  ['an event that is a list', '{"event":["pusher:ping"]}'],
  ['an event that is empty', '{"event":""}'],
  ['an event of the prototype', '{"event":"__proto__","data":{}}'],
  ['a prototype that has the event', '{"__proto__":{"event":"pusher:ping"}}'],
] as const

const notData = [
  ['subscribe without data', '{"event":"pusher:subscribe"}'],
  ['subscribe with null', '{"event":"pusher:subscribe","data":null}'],
  ['subscribe with a list', '{"event":"pusher:subscribe","data":[]}'],
  ['subscribe with a number', '{"event":"pusher:subscribe","data":5}'],
  ['subscribe with a text', '{"event":"pusher:subscribe","data":"news"}'],
  ['subscribe with a text that holds a list', '{"event":"pusher:subscribe","data":"[]"}'],
  ['a channel beside data', '{"event":"pusher:subscribe","channel":"news","data":{}}'],
  ['no channel', '{"event":"pusher:subscribe","data":{}}'],
  ['a channel that is null', '{"event":"pusher:subscribe","data":{"channel":null}}'],
  ['a channel that is a number', '{"event":"pusher:subscribe","data":{"channel":5}}'],
  ['a channel that is a list', '{"event":"pusher:subscribe","data":{"channel":[]}}'],
  ['a channel that is a list of one', '{"event":"pusher:subscribe","data":{"channel":["news"]}}'],
  ['a channel that is an object', '{"event":"pusher:subscribe","data":{"channel":{}}}'],
  ['a channel that is empty', '{"event":"pusher:subscribe","data":{"channel":""}}'],
  ['a channel of the prototype', '{"event":"pusher:subscribe","data":{"__proto__":{"channel":"news"}}}'],
] as const

describe('a message that is none', () => {
  // covers: WIRE-01, WIRE-02
  it.each(notMessages)('is refused when it is %s, and the connection goes on', async (_, text) => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    client.sendText(text)
    await expectRefused(client)
    await survives(server, client, other)
  })

  // covers: WIRE-04, WIRE-05
  it.each(notData)('is refused when it is %s', async (_, text) => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    client.sendText(text)
    await expectRefused(client)
    await client.expectNothing(isSuccess('news'))
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
    await survives(server, client, other)
  })

  // covers: WIRE-06
  it.each([
    '',
    ',"data":"x"',
    ',"data":null',
    ',"data":{}',
    ',"data":{"channel":7}',
    ',"data":"{\\"channel\\":[]}"',
  ])('is refused when it is an unsubscribe with %j, which ends no subscription', async (data) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'news')
    client.sendText(`{"event":"pusher:unsubscribe"${data}}`)
    await expectRefused(client)
    await server.publish('news', 'n', 'x')
    await client.next(isEvent('news', 'n'))
  })

  // covers: WIRE-07
  it.each([
    '',
    ',"data":[]',
    ',"data":null',
    ',"data":"x"',
    ',"data":{}',
    ',"data":{"auth":"key1:x"}',
    ',"data":{"auth":[],"user_data":{}}',
    ',"data":{"auth":"key1:x","user_data":5}',
  ])('is refused when it is a sign-in with %j', async (data) => {
    await using server = await startServer()
    await using client = await server.connect()
    await using other = await server.connect()
    client.sendText(`{"event":"pusher:signin"${data}}`)
    await expectRefused(client)
    await survives(server, client, other)
  })
})

describe('an event that clients may not send', () => {
  // covers: WIRE-08, WIRE-09
  it.each([
    'foo',
    'foo:bar',
    'Client-x',
    'client_x',
    'client',
    ' client-x',
    'pusher:foo',
    'pusher:',
    'pusher:error',
    'pusher:connection_established',
    'pusher_internal:subscription_succeeded',
    'pusher_internal:member_added',
    'PUSHER:ping',
  ])('is refused and reaches nobody when its name is %j', async (event) => {
    await using server = await startServer()
    await using crowd = await connectCrowd(server, 2)
    for (const client of crowd) await subscribe(client, 'private-room')
    crowd.at(0).send({ event, channel: 'private-room', data: { x: 1 } })
    const error = await expectRefused(crowd.at(0))
    expect(error.payload).not.toHaveProperty('code')
    for (const client of crowd) await client.expectNothing(() => true)
  })
})

describe('a message with more than it needs', () => {
  // covers: WIRE-11
  it('works in any order of its members, and with members that nobody knows', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    const frames = [
      '{"data":{"y":2,"channel":"news","auth":"","z":[]},"x":1,"event":"pusher:subscribe"}',
      '{"data":{"channel":"more"},"event":"pusher:subscribe","channel":"other","user_id":"7","__proto__":{"a":1}}',
      ' {\n"event" :\t"pusher:\\u0073ubscribe" , "data" : { "channel" : "sp\\u0061ce" } } ',
    ]
    for (const frame of frames) client.sendText(frame)
    for (const channel of ['news', 'more', 'space']) await client.next(isSuccess(channel))
    await client.expectNothing('pusher:error')
  })

  // covers: WIRE-12
  it('may hold data as a JSON string', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: '{"channel":"news"}' })
    await client.next(isSuccess('news'))
    client.send({ event: 'pusher:unsubscribe', data: '{"channel":"news"}' })
    const userData = '{"id":"7"}'
    const auth = userAuth(app1, client.socketId, userData)
    client.send({ event: 'pusher:signin', data: JSON.stringify({ auth, user_data: userData }) })
    await client.next('pusher:signin_success')
    await server.publish('news', 'n', 'x')
    await client.expectNothing(isEvent('news', 'n'))
    await client.expectNothing('pusher:error')
  })
})
