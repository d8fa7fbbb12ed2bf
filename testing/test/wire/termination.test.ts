import { describe, expect, it } from 'vitest'
import { hears } from '../support/presence.js'
import type { TestServer } from '../support/test-server.js'
import { app1, sendSubscribe, signIn, startServer, subscribe } from '../support/test-server.js'

/** Terminates a user; `segment` is the id as it stands in the path that is sent. */
function terminate(server: TestServer, segment: string, signedSegment = segment) {
  const pathOf = (id: string): string => `/users/${id}/terminate_connections`
  return server.api(pathOf(segment), { body: {}, signedPath: `/apps/${app1.id}${pathOf(signedSegment)}` })
}

describe('terminating a user', () => {
  // covers: TERM-01, TERM-03
  it('closes each connection signed in as that user with 4009, and no other', async () => {
    await using server = await startServer()
    await using tab1 = await server.connect()
    await using tab2 = await server.connect()
    await using other = await server.connect()
    await using nobody = await server.connect()
    for (const tab of [tab1, tab2]) await signIn(tab, { id: 'u1' })
    await signIn(other, { id: 'u2' })
    const answer = await terminate(server, 'u1')
    expect([answer.status, answer.text]).toEqual([200, '{}'])
    for (const tab of [tab1, tab2]) expect((await tab.closed()).code).toBe(4009)
    for (const client of [other, nobody]) await client.barrier()
  })

  // covers: TERM-03
  it('spares who only joined a presence channel under that id', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'presence-x', { userId: 'u1' })
    await signIn(b, { id: 'u2' })
    await subscribe(b, 'presence-x', { userId: 'u1' })
    await terminate(server, 'u1')
    for (const client of [a, b]) await client.barrier()
    await server.publish('presence-x', 'saved', {})
    for (const client of [a, b]) await client.next('saved')
  })

  // covers: TERM-05
  it.each([
    ['{}', {}],
    ['no body', ''],
  ])('that nobody is, with %s, is answered with 200', async (_, body) => {
    await using server = await startServer()
    const answer = await server.api('/users/nobody/terminate_connections', { method: 'POST', body })
    expect([answer.status, answer.text]).toEqual([200, '{}'])
  })

  // covers: TERM-06
  it('takes the connections out of their channels', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'presence-x', { userId: 'u2' })
    await signIn(b, { id: 'u1' })
    await subscribe(b, 'presence-x', { userId: 'member' })
    await subscribe(b, 'news')
    await terminate(server, 'u1')
    await hears(a, '-member')
    expect((await server.api('/channels')).json).toEqual({ channels: { 'presence-x': {} } })
    expect((await server.api('/channels/presence-x/users')).json).toEqual({ users: [{ id: 'u2' }] })
    await b.closed()
  })

  it('delivers what was published before, and nothing that is published after', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id: 'u1' })
    await subscribe(a, 'news')
    await server.publish(['news', '#server-to-user-u1'], 'before', {})
    await terminate(server, 'u1')
    await server.publish(['news', '#server-to-user-u1'], 'after', {})
    expect((await a.closed()).code).toBe(4009)
    const events = a.inbox.items.map(({ event }) => event)
    expect(events.filter((event) => event === 'before')).toHaveLength(2)
    expect(events).not.toContain('after')
  })

  it('takes no notice of what the connection sends behind its end', async () => {
    await using server = await startServer()
    await using a = await server.connect(app1.key, { answerClose: false })
    await using b = await server.connect()
    await signIn(a, { id: 'u1' })
    await subscribe(b, 'private-x')
    await subscribe(a, 'private-x')
    await terminate(server, 'u1')
    a.send({ event: 'client-x', channel: 'private-x', data: {} })
    sendSubscribe(a, 'news')
    await server.publish('private-x', 'after', {})
    await b.next('after')
    await b.expectNothing('client-x')
    expect((await server.api('/channels')).json).toEqual({ channels: { 'private-x': {} } })
    a.sendClose(1000)
    expect((await a.closed()).code).toBe(4009)
  })

  // covers: TERM-07
  it('is no ban: the user may connect and sign in again', async () => {
    await using server = await startServer()
    await using before = await server.connect()
    await signIn(before, { id: 'u1' })
    await terminate(server, 'u1')
    await before.closed()
    await using again = await server.connect()
    await signIn(again, { id: 'u1' })
    await server.publish('#server-to-user-u1', 'hello', {})
    await again.next('hello')
  })

  // covers: TERM-08
  it.each([
    ['percent-encoded, signed so', 'a@b;c', 'a%40b%3Bc', 'a%40b%3Bc'],
    ['percent-encoded, signed decoded', 'a@b;c', 'a%40b%3Bc', 'a@b;c'],
    ['as it is', 'a@b;c', 'a@b;c', 'a@b;c'],
    ['percent-encoded without need', 'u1', '%75%31', '%75%31'],
  ])('finds the user of a path that is %s', async (_, id, segment, signedSegment) => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id })
    expect((await terminate(server, segment, signedSegment)).status).toBe(200)
    expect((await a.closed()).code).toBe(4009)
  })

  // covers: TERM-08
  it.each([
    ['a space', 'u1%20', 'u1%20'],
    ['a space, signed decoded', 'u1%20', 'u1 '],
    ['a slash', 'u1%2Fx', 'u1%2Fx'],
    ['a slash, signed decoded', 'u1%2Fx', 'u1/x'],
    ['a percent sign', 'u1%25', 'u1%25'],
    ['a percent sign, signed decoded', 'u1%25', 'u1%'],
    ['two encodings', '%2575%2531', '%2575%2531'],
    ['two encodings, signed decoded', '%2575%2531', '%75%31'],
    ['unicode', 'u1%C3%BC', 'u1%C3%BC'],
    ['unicode, signed decoded', 'u1%C3%BC', 'u1ü'],
    ['a character of full width', '%EF%BD%951', '%EF%BD%951'],
    ['a NUL', 'u1%00', 'u1%00'],
    ['a way up', '..%2Fusers%2Fu1', '..%2Fusers%2Fu1'],
    ['half an encoding', 'u1%2', 'u1%2'],
    ['bytes that are no UTF-8', 'u1%FF', 'u1%FF'],
    ['nothing', '', ''],
    ['another case', 'U1', 'U1'],
    ['129 characters', 'x'.repeat(129), 'x'.repeat(129)],
  ])('hits nobody else by a path with %s', async (_, segment, signedSegment) => {
    await using server = await startServer()
    await using a = await server.connect()
    await signIn(a, { id: 'u1' })
    const { status } = await terminate(server, segment, signedSegment)
    expect(segment === 'U1' ? [200] : [400, 404]).toContain(status)
    await a.barrier()
    expect(a.isClosed).toBe(false)
  })
})
