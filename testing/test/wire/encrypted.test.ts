import { describe, expect, it } from 'vitest'
import { channelAuth } from '../support/auth.js'
import {
  app2,
  expectRefused,
  isEvent,
  sendSubscribe,
  startServer,
  subscribe,
} from '../support/test-server.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

const channel = 'private-encrypted-x'
/** What a library makes of `{"message":"hello"}`, in a spelling that no printing would give. */
const ciphertext =
  '{ "nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","ciphertext":"cUvi6VQlRGyKCRRclUJdHUsGJzgoj596PYEg0Ekt7UbHsAQ\\u003d" }'

describe('an encrypted channel', () => {
  // covers: ENC-03, ENC-07
  it.each([ciphertext, '{"message":"in the clear"}', 'not even JSON'])(
    'passes on %s byte for byte',
    async (data) => {
      await using server = await startServer()
      await using a = await server.connect()
      await subscribe(a, channel)
      await server.publish(channel, 'saved', data)
      expect((await a.next('saved')).message).toEqual({ event: 'saved', channel, data })
    },
  )

  // covers: ENC-09
  it('is closed to those who have no right auth string', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const wrong = [
      undefined,
      '',
      'key1:',
      `key1:${'0'.repeat(64)}`,
      channelAuth(app2, a.socketId, channel),
      channelAuth({ id: 'app1', key: 'key1', secret: 'other' }, a.socketId, channel),
      channelAuth({ id: 'app1', key: 'key1', secret: 'secret1' }, a.socketId, 'private-x'),
    ]
    for (const auth of wrong) {
      sendSubscribe(a, channel, { data: { auth } })
      await expectRefused(a, channel)
    }
    await server.publish(channel, 'saved', ciphertext)
    await a.expectNothing('saved')
    await subscribe(a, channel)
  })

  // covers: ENC-12
  it('takes 10,240 bytes of ciphertext, and refuses one more with 413', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await subscribe(a, channel)
    const ofBytes = (bytes: number): string =>
      ciphertext.replace('cUvi', 'c'.repeat(bytes - ciphertext.length + 4))
    const publish = async (data: string) =>
      (await server.api('/events', { body: { name: 'saved', channel, data } })).status
    expect(await publish(ofBytes(10_240))).toBe(200)
    await a.next(isEvent(channel, 'saved'))
    expect(await publish(ofBytes(10_241))).toBe(413)
    await a.expectNothing('saved')
  })

  // covers: CEV-17
  it('takes no client event, which then reaches neither subscribers nor webhooks', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startServer({
      app1: { webhooks: [{ url: receiver.url, events: ['client_event'], maxBatchWaitMs: 0 }] },
    })
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) {
      await subscribe(client, channel)
      await subscribe(client, 'private-x')
    }
    a.send({ event: 'client-x', channel, data: ciphertext })
    await expectRefused(a)
    a.send({ event: 'client-y', channel: 'private-x', data: ciphertext })
    expect((await b.next('client-y')).data).toBe(ciphertext)
    await b.expectNothing('client-x')
    expect(await receiver.waitForEvent('client_event')).toMatchObject({ event: 'client-y', data: ciphertext })
    expect(receiver.events.items).toHaveLength(1)
  })
})
