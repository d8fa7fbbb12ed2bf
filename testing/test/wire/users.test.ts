import { describe, expect, it } from 'vitest'
import { channelAuth, userAuth } from '../support/auth.js'
import { nodeSdk } from '../support/clients.js'
import { rosterOf } from '../support/presence.js'
import type { RawClient } from '../support/raw-client.js'
import {
  app1,
  app2,
  expectRefused,
  sendSubscribe,
  signIn,
  startServer,
  subscribe,
} from '../support/test-server.js'

const userData = '{"id":"u1"}'

function sendSignin(client: RawClient, data: unknown): void {
  client.send({ event: 'pusher:signin', data })
}

/** Shows that a connection is signed in as nobody: the channel of `u1` is closed to it. */
async function expectNotSignedIn(client: RawClient): Promise<void> {
  sendSubscribe(client, '#server-to-user-u1')
  await expectRefused(client, '#server-to-user-u1')
}

describe('a sign-in', () => {
  // covers: USER-01, USER-04
  it('hands back the user_data that the Node SDK signed, and nothing else', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const { auth, user_data } = nodeSdk(server).authenticateUser(a.socketId, {
      id: 'u1',
      user_info: { name: 'Zoë /' },
    })
    sendSignin(a, { auth, user_data })
    const { message, payload } = await a.next('pusher:signin_success')
    expect(payload).toEqual({ user_data })
    expect(Object.keys(message).sort()).toEqual(['data', 'event'])
  })

  // covers: USER-05, USER-06, USER-08
  it.each<[string, (socketId: string) => unknown]>([
    ['a wrong signature', () => `key1:${'0'.repeat(64)}`],
    ['the signature of another socket id', () => userAuth(app1, '1.1', userData)],
    ['the signature of other user_data', (id) => userAuth(app1, id, '{"id":"u2"}')],
    ['the key of another app', (id) => userAuth({ ...app1, key: app2.key }, id, userData)],
    ['the secret of another app', (id) => userAuth({ ...app1, secret: app2.secret }, id, userData)],
    ['the credentials of another app', (id) => userAuth(app2, id, userData)],
    ['no colon', (id) => userAuth(app1, id, userData).replace(':', '')],
    ['the string that was signed in it', (id) => userAuth(app1, id, userData).replace(':', '::user::')],
    ['the signature alone', (id) => userAuth(app1, id, userData).slice(5)],
    ['the key alone', () => 'key1:'],
    ['an empty text', () => ''],
    ['a number', () => 5],
    ['an object', () => ({})],
    ['nothing', () => undefined],
  ])('is refused with %s for auth', async (_, auth) => {
    await using server = await startServer()
    await using a = await server.connect()
    sendSignin(a, { auth: auth(a.socketId), user_data: userData })
    await expectRefused(a)
    await expectNotSignedIn(a)
    await server.publish('#server-to-user-u1', 'hello', {})
    await a.expectNothing('hello')
    await signIn(a, { id: 'u1' })
  })

  // covers: USER-07
  it.each([
    'not json',
    '',
    '[]',
    '5',
    'null',
    '"u1"',
    '{}',
    '{"id":""}',
    '{"id":5}',
    '{"id":null}',
    '{"id":["u1"]}',
    '{"id":{}}',
    '{"user_id":"u1"}',
    '{"__proto__":{"id":"u1"}}',
    '{"id":"u 1"}',
    '{"id":"ü1"}',
    '{"id":"#u1"}',
    `{"id":"${'x'.repeat(129)}"}`,
  ])('is refused for the user_data %s, though rightly signed', async (text) => {
    await using server = await startServer()
    await using a = await server.connect()
    sendSignin(a, { auth: userAuth(app1, a.socketId, text), user_data: text })
    await expectRefused(a)
    await expectNotSignedIn(a)
    await signIn(a, { id: 'u1' })
  })

  // covers: USER-09
  it('succeeds again as the same user, and fails as another without changing the first', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id: 'u1' })
    await signIn(a, { id: 'u1', user_info: { name: 'Una' } })
    const other = '{"id":"u2"}'
    sendSignin(a, { auth: userAuth(app1, a.socketId, other), user_data: other })
    await expectRefused(a)
    await server.publish('#server-to-user-u2', 'hello', {})
    await server.publish('#server-to-user-u1', 'hello', { n: 1 })
    expect((await a.next('hello')).payload).toEqual({ n: 1 })
    await a.expectNothing('hello')
  })

  // covers: USER-25
  it('says who a connection is in presence channels, unless channel_data does', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id: 'u1', user_info: { name: 'Una' } })
    const withoutData = { auth: channelAuth(app1, a.socketId, 'presence-x'), channel_data: undefined }
    const roster = rosterOf(await subscribe(a, 'presence-x', { data: withoutData }))
    expect(roster).toEqual({ ids: ['u1'], hash: { u1: { name: 'Una' } }, count: 1 })
    const explicit = rosterOf(await subscribe(a, 'presence-y', { userId: 'u2' }))
    expect(explicit).toEqual({ ids: ['u2'], hash: { u2: null }, count: 1 })
  })
})
