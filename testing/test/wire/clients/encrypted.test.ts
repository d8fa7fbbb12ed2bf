import { describe, expect, it } from 'vitest'
import type { Identity } from '../../support/auth.js'
import { authorizeChannel } from '../../support/auth.js'
import { connectPusherJs, masterKeyBase64, nodeSdk, record } from '../../support/clients.js'
import { RecordingProxy } from '../../support/recording-proxy.js'
import { app1, isEvent, startServer, subscribe } from '../../support/test-server.js'

/** Options of pusher-js whose n-th authorization is made with the n-th identity; the last one stays. */
function authorizingAs(...identities: Identity[]) {
  const asked: string[] = []
  const options = {
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: (
        { socketId, channelName }: { socketId: string; channelName: string },
        callback: (error: null, data: ReturnType<typeof authorizeChannel>) => void,
      ) => {
        const identity = identities[Math.min(asked.length, identities.length - 1)]
        asked.push(channelName)
        queueMicrotask(() => {
          callback(null, authorizeChannel(app1, socketId, channelName, identity))
        })
      },
    } as const,
  }
  return { asked, options }
}

const otherKeyBase64 = Buffer.alloc(32, 7).toString('base64')

describe('encrypted channels', () => {
  // covers: ENC-01, ENC-03
  it('carry what the Node SDK encrypted to pusher-js, untouched on the wire', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    await using raw = await server.connect()
    await subscribe(raw, 'private-encrypted-x')
    const calls = record(await client.subscribe('private-encrypted-x'), 'saved')
    await nodeSdk(server).trigger('private-encrypted-x', 'saved', { secret: 'Zoë 🚀' })
    expect((await calls.next(() => true)).data).toEqual({ secret: 'Zoë 🚀' })
    const { data, payload } = await raw.next('saved')
    expect(payload).toEqual({ nonce: expect.any(String) as string, ciphertext: expect.any(String) as string })
    expect(data).not.toContain('secret')

    const posted = JSON.stringify(payload).replace('{', '{ ').replace(',', ' ,')
    await server.publish('private-encrypted-x', 'again', posted)
    expect((await raw.next('again')).data).toBe(posted)
  })

  // covers: CACHE-11
  it('replay the last event in a form that pusher-js decrypts', async () => {
    await using server = await startServer()
    await nodeSdk(server).trigger('private-encrypted-cache-x', 'saved', { n: 1 })
    await using client = await connectPusherJs(server)
    const calls = record(client.pusher.subscribe('private-encrypted-cache-x'), 'saved', 'pusher:cache_miss')
    expect(await calls.next(() => true)).toMatchObject({ event: 'saved', data: { n: 1 } })
  })

  // covers: ENC-04
  it('are not asked for by pusher-js when the authorization brings no shared secret', async () => {
    await using server = await startServer()
    await using proxy = await RecordingProxy.start(server.wsUrl)
    await using client = await connectPusherJs(proxy, { options: authorizingAs({}).options })
    const errors = record(client.pusher.subscribe('private-encrypted-x'), 'pusher:subscription_error')
    await errors.next(() => true)
    await client.barrier()
    expect(proxy.sentByClients('pusher:subscribe')).toEqual([])
  })

  // covers: ENC-05
  it('are decrypted after pusher-js asked for the new key once', async () => {
    await using server = await startServer()
    const { asked, options } = authorizingAs({ masterKeyBase64: otherKeyBase64 }, { masterKeyBase64 })
    await using client = await connectPusherJs(server, { options })
    const calls = record(await client.subscribe('private-encrypted-x'), 'saved')
    await nodeSdk(server).trigger('private-encrypted-x', 'saved', { n: 1 })
    expect((await calls.next(() => true)).data).toEqual({ n: 1 })
    expect(asked).toHaveLength(2)
  })

  // covers: ENC-07
  it('pass on clear data untouched, which pusher-js drops', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    await using raw = await server.connect()
    await subscribe(raw, 'private-encrypted-x')
    const calls = record(await client.subscribe('private-encrypted-x'), 'saved')
    await server.publish('private-encrypted-x', 'saved', 'in the clear')
    expect((await raw.next('saved')).data).toBe('in the clear')
    await client.barrier()
    expect(calls.items).toEqual([])
    expect(client.state).toBe('connected')
  })

  // covers: ENC-08
  it('take no client events from pusher-js', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server)
    const channel = await client.subscribe('private-encrypted-x')
    expect(() => channel.trigger('client-x', {})).toThrow()
  })

  // covers: ENC-10
  it('cannot be triggered two at a time by the Node SDK', async () => {
    await using server = await startServer()
    const sdk = nodeSdk(server)
    const channels = ['private-encrypted-x', 'private-encrypted-y']
    expect(() => sdk.trigger(channels, 'saved', {})).toThrow('multiple channels')
  })

  // covers: ENC-11, HTTP-36
  it('arrive in one batch with every other kind of channel', async () => {
    await using server = await startServer()
    await using client = await connectPusherJs(server, { userId: 'u1' })
    const names = ['news', 'private-a', 'presence-a', 'cache-a', 'private-encrypted-a', 'private-encrypted-b']
    const received = new Map(
      await Promise.all(
        names.map(async (name) => [name, record(await client.subscribe(name), 'saved')] as const),
      ),
    )
    client.pusher.signin()
    await client.messages.next(({ channel }) => channel === '#server-to-user-u1')
    received.set('#server-to-user-u1', record(client.pusher.user, 'saved'))
    const batch = [...received.keys()].map((channel) => ({ channel, name: 'saved', data: { channel } }))
    await nodeSdk(server).triggerBatch(batch)
    await client.barrier()
    for (const [channel, calls] of received) {
      expect(calls.items.map(({ data }) => data)).toEqual([{ channel }])
    }
  })

  // covers: ENC-12
  it('refuse with 413 what is too large once it is encrypted', async () => {
    await using server = await startServer()
    await using raw = await server.connect()
    await subscribe(raw, 'private-encrypted-x')
    const publish = nodeSdk(server).trigger('private-encrypted-x', 'saved', 'x'.repeat(9_000))
    await expect(publish).rejects.toMatchObject({ status: 413 })
    await raw.expectNothing(isEvent('private-encrypted-x', 'saved'))
  })
})
