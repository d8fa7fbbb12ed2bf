import { describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.js'
import type { TestServer } from '../support/test-server.js'
import { signIn, startServer, subscribe } from '../support/test-server.js'

const start = (): Promise<TestServer> =>
  startServer({
    app1: { authorizedConnections: true, authorizationTimeoutSeconds: 0.2 },
    pingIntervalSeconds: 0.5, // the server looks at its connections ten times as often
  })

/** Opens a connection that does nothing and waits for its end, so that the time of all earlier ones has passed too. */
async function letTimePass(server: TestServer): Promise<void> {
  await using idle = await server.connect()
  expect(await idle.closed()).toMatchObject({ code: 4009 })
}

describe('an app whose connections must be authorised', () => {
  // covers: AUTH-24
  it('closes one that does nothing with 4009, and tells why', async () => {
    await using server = await start()
    const startedAt = Date.now()
    await using client = await server.connect()
    const text = 'Connection not authorized within timeout'
    expect((await client.next('pusher:error')).payload).toEqual({ code: 4009, message: text })
    expect(await client.closed()).toEqual({ code: 4009, reason: text })
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(150)
  })

  // covers: AUTH-25, AUTH-26
  it.each<[string, (client: RawClient) => unknown]>([
    ['subscribed to a public channel', (client) => subscribe(client, 'news')],
    ['keeps talking', (client) => client.barrier()],
    [
      'failed to subscribe to a private channel',
      (client) => client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: 'key1:0' } }),
    ],
    [
      'failed to join a presence channel',
      (client) => subscribe(client, 'presence-x', { userId: '' }).catch(() => undefined),
    ],
    [
      'failed to sign in',
      (client) => client.send({ event: 'pusher:signin', data: { auth: 'key1:0', user_data: '{"id":"7"}' } }),
    ],
  ])('closes one that %s', async (_, act) => {
    await using server = await start()
    await using client = await server.connect()
    void act(client)
    expect(await client.closed()).toMatchObject({ code: 4009 })
    expect((await server.api('/channels')).json).toEqual({ channels: {} })
  })

  // covers: AUTH-26
  it.each<[string, (client: RawClient) => unknown]>([
    ['subscribed to a private channel', (client) => subscribe(client, 'private-x')],
    ['subscribed to an encrypted channel', (client) => subscribe(client, 'private-encrypted-x')],
    ['subscribed to a presence channel', (client) => subscribe(client, 'presence-cache-x')],
    ['signed in', (client) => signIn(client, { id: '7' })],
    [
      'subscribed to a private channel and left it',
      async (client) => {
        await subscribe(client, 'private-x')
        client.send({ event: 'pusher:unsubscribe', data: { channel: 'private-x' } })
      },
    ],
  ])('keeps one that %s', async (_, act) => {
    await using server = await start()
    await using client = await server.connect()
    await act(client)
    await letTimePass(server)
    await client.expectNothing('pusher:error')
  })

  it('leaves the connections of other apps alone', async () => {
    await using server = await start()
    await using client = await server.connect('key2')
    await letTimePass(server)
    await client.barrier()
  })
})
