import { channelString, sign, userString } from 'pogo-websocket/protocol'
import { describe, expect, it } from 'vitest'
import { channelAuth, presenceData, userAuth } from '../support/auth.js'
import {
  app1,
  app2,
  expectRefused,
  isEvent,
  isSuccess,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { givesAway, protectedPrefixes, rightAuth, subscribeWith, wrongAuths } from '../support/wrong-auth.js'

describe('the signature of a subscription', () => {
  // covers: AUTH-11
  it('is the one that the documentation prints', () => {
    const secret = '7ad3773142a6692b25b8'
    const of = (channel: string, data?: string): string =>
      sign(secret, channelString('1234.1234', channel, data))
    expect(of('private-foobar')).toBe('58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4')
    expect(of('presence-foobar', '{"user_id":10,"user_info":{"name":"Mr. Channels"}}')).toBe(
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    )
    expect(of('presence-foobar', '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}')).toBe(
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    )
    expect(of('presence-foobar', '{"user_id":"10","user_info":{"name":"Zoë 🚀"}}')).toBe(
      '55ec9bc4176bf9334176403873edf4cbb6eee519115a83224709522df3c7dea0',
    )
    expect(sign(secret, userString('1234.1234', '{"id":"12345"}'))).toBe(
      '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    )
  })

  describe.each(protectedPrefixes)('to a channel %sx', (prefix) => {
    // covers: AUTH-02, AUTH-03, AUTH-06, AUTH-08, AUTH-09, AUTH-10, AUTH-22, SEC-01, ENC-09
    it.each(wrongAuths)('is refused when it is %s', async (_, wrong) => {
      await using server = await startServer()
      await using client = await server.connect()
      await using other = await server.connect()
      const attempt = { client, other, channel: `${prefix}x` }
      await subscribe(other, attempt.channel, { userId: '1' })
      const auth = wrong(attempt)
      subscribeWith(attempt, auth)
      const error = await expectRefused(client, attempt.channel)
      expect(error.payload).not.toHaveProperty('code')
      expect(error.text.length).toBeLessThan(1_000)
      expect(givesAway(error.text, attempt, auth)).toBe(false)
      await server.publish(attempt.channel, 'n', 'x')
      await other.next(isEvent(attempt.channel, 'n'))
      await client.expectNothing((frame) => frame.channel === attempt.channel)
      subscribeWith(attempt, rightAuth(attempt))
      await client.next(isSuccess(attempt.channel))
      await other.expectNothing('pusher:error')
    })
  })

  // covers: AUTH-13
  it.each(protectedPrefixes)('covers the channel_data that comes with it, on %sx too', async (prefix) => {
    await using server = await startServer()
    await using client = await server.connect()
    const channel = `${prefix}x`
    const data = presenceData('7')
    const sendSigned = (sent: unknown, signed?: string): void => {
      const auth = channelAuth(app1, client.socketId, channel, signed)
      client.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: sent } })
    }
    sendSigned(data)
    await expectRefused(client, channel)
    sendSigned(undefined, data)
    await expectRefused(client, channel)
    sendSigned('', data)
    await expectRefused(client, channel)
    sendSigned({ user_id: '7' }, data)
    await expectRefused(client, channel)
    sendSigned(data, data)
    await client.next(isSuccess(channel))
  })

  // covers: AUTH-15
  it.each([
    ['{"user_id":"7"}', '{"user_id":"7"} '],
    ['{"user_id":"7"}', '{"user_id": "7"}'],
    ['{"user_id":"7","user_info":"a/b"}', '{"user_id":"7","user_info":"a\\/b"}'],
    ['{"user_id":"7","user_info":"Zoë"}', '{"user_id":"7","user_info":"Zo\\u00eb"}'],
  ])('covers each character: signed as %s it does not fit %s, and either fits itself', async (one, two) => {
    await using server = await startServer()
    await using client = await server.connect()
    const join = (channel: string, signed: string, sent: string): void => {
      const auth = channelAuth(app1, client.socketId, channel, signed)
      client.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: sent } })
    }
    join('presence-x', one, two)
    await expectRefused(client, 'presence-x')
    join('presence-x', two, one)
    await expectRefused(client, 'presence-x')
    join('presence-x', one, one)
    await client.next(isSuccess('presence-x'))
    join('presence-y', two, two)
    await client.next(isSuccess('presence-y'))
  })

  // covers: AUTH-20
  it('decides who gets the events of a channel', async () => {
    await using server = await startServer()
    await using inside = await server.connect()
    await using outside = await server.connect()
    await using elsewhere = await server.connect('key2')
    await subscribe(inside, 'private-news')
    const auth = channelAuth(app1, inside.socketId, 'private-news')
    outside.send({ event: 'pusher:subscribe', data: { channel: 'private-news', auth } })
    await outside.next('pusher:error')
    await subscribe(outside, 'news')
    await subscribe(elsewhere, 'private-news', { app: app2 })
    await server.publish('private-news', 'secret', 'x')
    await inside.next('secret')
    await outside.expectNothing('secret')
    await elsewhere.expectNothing('secret')
  })

  // covers: AUTH-21
  it('may be made with any key of the app, whichever key opened the connection', async () => {
    const further = { ...app1, key: 'key1b', secret: 'secret1b' }
    const tokens = [{ key: further.key, secret: further.secret }]
    await using server = await startServer({ app1: { tokens } })
    for (const [index, key] of ['key1', 'key1b'].entries()) {
      await using client = await server.connect(key)
      for (const app of [app1, further]) {
        await subscribe(client, `private-${app.key}`, { app })
        const userData = '{"id":"7"}'
        const auth = userAuth(app, client.socketId, userData)
        client.send({ event: 'pusher:signin', data: { auth, user_data: userData } })
        await client.next('pusher:signin_success')
        await server.publish('private-key1', `n${index}`, 'x', {}, app)
        await client.next(`n${index}`)
      }
      const mixed = { ...app1, secret: further.secret }
      client.send({
        event: 'pusher:subscribe',
        data: { channel: 'private-x', auth: channelAuth(mixed, client.socketId, 'private-x') },
      })
      await expectRefused(client, 'private-x')
      expect((await server.api('/channels', { app: mixed })).status).toBe(401)
    }
  })
})

describe('pusher:subscription_error', () => {
  // covers: AUTH-23
  it('follows the pusher:error of a refused subscription where the app wants both', async () => {
    await using server = await startServer({ app1: { subscriptionErrors: 'both' } })
    await using client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: 'key1:00' } })
    const error = await client.next('pusher:error')
    const { message } = error.payload as { message: string }
    const second = await client.next('pusher:subscription_error')
    expect(second.message).toEqual({
      event: 'pusher:subscription_error',
      channel: 'private-x',
      data: { type: 'AuthError', error: message, status: 401 },
    })
    expect(client.inbox.items.indexOf(second)).toBeGreaterThan(client.inbox.items.indexOf(error))
    await subscribe(client, 'private-x')
  })

  it('does not follow the refusal of a second subscription, whose channel is subscribed', async () => {
    await using server = await startServer({ app1: { subscriptionErrors: 'both' } })
    await using client = await server.connect()
    await subscribe(client, 'news')
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    await client.next('pusher:error')
    await client.expectNothing('pusher:subscription_error')
  })

  it('is never sent otherwise', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: 'key1:00' } })
    await client.next('pusher:error')
    await client.expectNothing('pusher:subscription_error')
  })
})
