import { describe, expect, it } from 'vitest'
import { channelAuth, presenceData } from '../support/auth.js'
import { hears, isMemberEvent, joinAs, rosterOf, sendJoin } from '../support/presence.js'
import { app1, expectRefused, sendSubscribe, signIn, startServer, subscribe } from '../support/test-server.js'

const room = 'presence-room'

/** `channel_data` of exactly so many bytes. */
function dataOfBytes(bytes: number): string {
  const frame = '{"user_id":"10","user_info":""}'
  return frame.replace('""', `"${'ü'.repeat(100)}${'x'.repeat(bytes - 200 - frame.length)}"`)
}

describe('the id of a member', () => {
  // covers: PRES-14
  it.each([
    ['a number', '{"user_id":1265}', '1265'],
    ['a number beyond the exact ones', '{"user_id":12345678901234567890}', '12345678901234567890'],
    ['a string of digits', '{"user_id":"1265"}', '1265'],
    ['with a leading zero', '{"user_id":"01"}', '01'],
  ])('is a string on the wire when it is %s', async (_, channelData, id) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, { userId: 'witness' })
    const roster = rosterOf(await joinAs(b, room, channelData))
    expect(roster.ids).toContain(id)
    expect(roster.hash).toHaveProperty(id, null)
    expect((await hears(a, `+${id}`)).payload).toEqual({ user_id: id })
    expect((await server.api(`/channels/${room}/users`)).json).toMatchObject({
      users: [{ id: 'witness' }, { id }],
    })
  })

  // covers: PRES-14
  it('is the same as a number and as a string of its digits, and no other string', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    await joinAs(a, room, '{"user_id":1}')
    expect(rosterOf(await joinAs(b, room, '{"user_id":"1"}')).ids).toEqual(['1'])
    expect(rosterOf(await joinAs(c, room, '{"user_id":"01"}'))).toMatchObject({ ids: ['1', '01'], count: 2 })
    await hears(a, '+01')
    await a.expectNothing(isMemberEvent())
  })

  // covers: PRES-17
  it('may be 0, and ids that look like indexes still make an object', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, { userId: '0' })
    await subscribe(b, room, { userId: 1 })
    const success = await subscribe(c, room, { userId: '2', userInfo: [] })
    expect(success.payload).toEqual({
      presence: { ids: ['0', '1', '2'], hash: { '0': null, '1': null, '2': [] }, count: 3 },
    })
  })

  // covers: PRES-33
  it.each([
    'quote " and \\ backslash',
    '🚀 Zoë',
    '</script>\u2028',
    'a\nb\u0000',
    '__proto__',
    'constructor',
  ])('survives the round trip as %j', async (id) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, { userId: 'witness' })
    const roster = rosterOf(await subscribe(b, room, { userId: id, userInfo: { is: id } }))
    expect(roster.ids).toEqual(['witness', id])
    expect(Object.entries(roster.hash)).toContainEqual([id, { is: id }])
    expect((await hears(a, `+${id}`)).payload).toEqual({ user_id: id, user_info: { is: id } })
    const { json } = await server.api(`/channels/${room}/users`)
    expect(json).toEqual({ users: [{ id: 'witness' }, { id }] })
    await b.close()
    await hears(a, `-${id}`)
  })

  // covers: PRES-24
  it('has at most 128 characters', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    sendJoin(a, room, presenceData('x'.repeat(129)))
    await expectRefused(a, room)
    const longest = 'x'.repeat(128)
    expect(rosterOf(await joinAs(a, room, presenceData(longest))).ids).toEqual([longest])
  })
})

describe('the user_info of a member', () => {
  // covers: PRES-18
  it('may be left out, and is null in the roster then', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    expect(rosterOf(await joinAs(a, room, '{"user_id":"10"}')).hash).toEqual({ '10': null })
    expect(rosterOf(await joinAs(b, room, '{"user_id":"11","user_info":null}')).hash).toEqual({
      '10': null,
      '11': null,
    })
    expect((await hears(a, '+11')).payload).toEqual({ user_id: '11' })
  })

  // covers: PRES-19, PRES-20, PRES-21
  it.each([
    ['nested', { a: { b: [1, 2.5, -3e-7, { c: null }] }, yes: true, no: false, text: 'Zoë 🚀 \u2028' }],
    ['a string', 'Ada'],
    ['an empty string', ''],
    ['a number', 7],
    ['zero', 0],
    ['false', false],
    ['an array', ['a', { b: 1 }]],
    ['an empty array', []],
    ['an empty object', {}],
    ['full of prototype names', JSON.parse('{"__proto__":{"x":1},"constructor":2}') as object],
  ])('reaches everybody unchanged when it is %s', async (_, info) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await using c = await server.connect()
    await subscribe(a, room, { userId: '10' })
    const own = rosterOf(await subscribe(b, room, { userId: '11', userInfo: info }))
    const later = rosterOf(await subscribe(c, room, { userId: '12' }))
    const added = (await hears(a, '+11')).payload as { user_info: unknown }
    for (const received of [own.hash['11'], later.hash['11'], added.user_info]) {
      expect(JSON.stringify(received)).toBe(JSON.stringify(info))
    }
  })

  // covers: PRES-25
  it('makes a channel_data of at most 1,024 bytes', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    sendJoin(a, room, dataOfBytes(1025))
    await expectRefused(a, room)
    expect(rosterOf(await joinAs(a, room, dataOfBytes(1024))).count).toBe(1)
  })

  it('is held to the same size when it comes from the sign-in', async () => {
    await using server = await startServer()
    for (const [bytes, isMember] of [
      [1024, true],
      [1025, false],
    ] as const) {
      await using a = await server.connect()
      const { user_info } = JSON.parse(dataOfBytes(bytes)) as { user_info: string }
      await signIn(a, { id: '10', user_info })
      const data = { channel_data: undefined, auth: channelAuth(app1, a.socketId, room) }
      if (isMember) await subscribe(a, room, { data })
      else {
        sendSubscribe(a, room, { data })
        await expectRefused(a, room)
      }
    }
  })
})

describe('channel_data', () => {
  // covers: PRES-22, SEC-10
  it('is needed by a connection that is not signed in', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const auth = channelAuth(app1, a.socketId, room)
    for (const channelData of [undefined, null]) {
      a.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data: channelData } })
      await expectRefused(a, room)
    }
    await subscribe(a, room, { userId: '10' })
  })

  // covers: PRES-23, SEC-10
  it.each([
    'not json',
    '',
    '[]',
    '5',
    'null',
    '"10"',
    '{}',
    '{"user_info":{"name":"Ada"}}',
    '{"user_id":null}',
    '{"user_id":{}}',
    '{"user_id":["10"]}',
    '{"user_id":true}',
    '{"user_id":1.5}',
    '{"user_id":""}',
    '{"__proto__":{"user_id":"10"}}',
    '{"user_id":"10"',
  ])('is refused as %s, though rightly signed', async (channelData) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, room, { userId: '10' })
    sendJoin(b, room, channelData)
    await expectRefused(b, room)
    await a.expectNothing(isMemberEvent())
    expect((await server.api(`/channels/${room}/users`)).json).toEqual({ users: [{ id: '10' }] })
    await subscribe(b, room, { userId: '11' })
  })

  // covers: SEC-10
  it('is refused when it is no string', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    for (const channelData of [{ user_id: '10' }, ['10'], 10, true]) {
      const auth = channelAuth(app1, a.socketId, room, JSON.stringify(channelData))
      a.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data: channelData } })
      await expectRefused(a, room)
    }
    expect((await server.api(`/channels/${room}`)).json).toEqual({ occupied: false })
  })
})
