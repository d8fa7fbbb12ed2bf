import { describe, expect, it } from 'vitest'
import { connectCrowd } from '../support/crowd.js'
import { app1, subscribe } from '../support/test-server.js'
import type { WebhookEvent } from '../support/webhook-receiver.js'
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js'
import { leave, startTelling, toldOf } from '../support/webhook-server.js'

const occupied = (channel: string): WebhookEvent => ({ name: 'channel_occupied', channel })
const vacated = (channel: string): WebhookEvent => ({ name: 'channel_vacated', channel })

describe('webhooks', () => {
  // covers: HOOK-01, HOOK-02, HOOK-05
  it('tell of the first subscriber, signed, in exactly the form of the protocol', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await subscribe(client, 'news')
    const delivery = await receiver.waitFor(() => true)
    expect(delivery.method).toBe('POST')
    expect(delivery.path).toBe('/hooks')
    expect(delivery.events).toEqual([occupied('news')])
    expect(Object.keys(JSON.parse(delivery.rawBody.toString()) as object).sort()).toEqual([
      'events',
      'time_ms',
    ])
    expect(delivery.headers['content-type']).toBe('application/json')
    expect(delivery.headers['content-length']).toBe(String(delivery.rawBody.length))
    expect(delivery.rawHeaders).toEqual(expect.arrayContaining(['X-Pusher-Key', 'X-Pusher-Signature']))
    expect(isSignedBy(delivery, app1)).toBe(true)
    expect(Number.isInteger(delivery.timeMs)).toBe(true)
    expect(Math.abs((delivery.timeMs as number) - delivery.receivedAtMs)).toBeLessThan(5_000)
  })

  // covers: HOOK-02
  it('are signed by the oldest of several tokens', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { tokens: [{ key: 'newer', secret: 'newer-secret' }] })
    await using client = await server.connect('newer')
    await subscribe(client, 'news')
    expect(isSignedBy(await receiver.waitFor(() => true), app1)).toBe(true)
  })

  // covers: HOOK-06, HOOK-07
  it('tell of the last subscriber and of none between', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using crowd = await connectCrowd(server, 3)
    for (const client of crowd) await subscribe(client, 'news')
    for (const client of crowd) leave(client, 'news')
    await receiver.waitForEvent('channel_vacated', 'news')
    expect(await toldOf(server, receiver, 'news')).toEqual([occupied('news'), vacated('news')])
  })

  // covers: HOOK-25
  it('tell of a channel whose only subscriber broke off', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await subscribe(client, 'news')
    client.destroy()
    await receiver.waitForEvent('channel_vacated', 'news')
  })

  // covers: HOOK-07
  it('hide a channel that is left and entered again in time', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver, { webhookDelayMs: 300 })
    await using a = await server.connect()
    await using b = await server.connect()
    await subscribe(a, 'news')
    await subscribe(a, 'presence-x', { userId: '1' })
    for (let times = 0; times < 5; times++) {
      const [from, to] = times % 2 === 0 ? [a, b] : [b, a]
      for (const channel of ['news', 'presence-x']) leave(from, channel)
      await from.barrier()
      await subscribe(to, 'news')
      await subscribe(to, 'presence-x', { userId: '1' })
    }
    expect(await toldOf(server, receiver, 'news')).toEqual([occupied('news')])
    expect(await toldOf(server, receiver, 'presence-x')).toEqual([
      occupied('presence-x'),
      { name: 'member_added', channel: 'presence-x', user_id: '1' },
    ])
  })

  // covers: HOOK-09, HOOK-28
  it('tell of members by their id alone, between the beginning and the end of their channel', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    await subscribe(client, 'presence-x', { userId: 10, userInfo: { name: 'Ada' } })
    leave(client, 'presence-x')
    await receiver.waitForEvent('channel_vacated', 'presence-x')
    expect(await toldOf(server, receiver, 'presence-x')).toEqual([
      occupied('presence-x'),
      { name: 'member_added', channel: 'presence-x', user_id: '10' },
      { name: 'member_removed', channel: 'presence-x', user_id: '10' },
      vacated('presence-x'),
    ])
  })

  // covers: HOOK-10
  it('take the connections of a user for one member', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using crowd = await connectCrowd(server, 4)
    for (const [index, userId] of ['1', '2', '2', '3'].entries()) {
      await subscribe(crowd.at(index), 'presence-x', { userId })
    }
    await crowd.at(2).close()
    await crowd.at(3).close()
    await receiver.waitForEvent('member_removed')
    const members = (await toldOf(server, receiver, 'presence-x')).slice(1)
    expect(members.map(({ name, user_id: id }) => `${name} ${String(id)}`)).toEqual([
      'member_added 1',
      'member_added 2',
      'member_added 3',
      'member_removed 3',
    ])
  })

  // covers: HOOK-26
  it('say nothing of leaving what was never entered', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startTelling(receiver)
    await using client = await server.connect()
    leave(client, 'news')
    await client.barrier()
    expect(await toldOf(server, receiver, 'news')).toEqual([])
  })
})
