import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { connectPusherJs, record } from '../../support/clients.js'
import { describeIf, environment } from '../../support/environment.js'
import { PhpClient } from '../../support/php-client.js'
import type { TestServer } from '../../support/test-server.js'
import { app1, app2, isEvent, signIn, startServer, subscribe } from '../../support/test-server.js'

const version = environment.phpSdk.version ?? 'none'
const major = Number(/\d+/.exec(version)?.[0] ?? 0)

/** A test of what the library has since this major only; `allowed-skips.json` knows it as `phpSdk7`. */
function itSince(needed: number, name: string, body: () => Promise<void>): void {
  if (major >= needed) it(name, body)
  else it.skip(`${name} [needs phpSdk7: pusher-php-server ${needed} or newer, found ${version}]`, body)
}

/** A reverse proxy that serves the server below `/prefix`. */
async function startPrefixProxy(server: TestServer): Promise<AsyncDisposable & { readonly port: number }> {
  const proxy = http.createServer((request, response) => {
    const { method, headers, url = '' } = request
    const path = url.startsWith('/prefix/') ? url.slice('/prefix'.length) : '/not-prefixed'
    const upstream = http.request({
      host: '127.0.0.1',
      port: server.port,
      method,
      headers,
      path,
      agent: false,
    })
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    request.pipe(upstream)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    port: (proxy.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

describeIf('phpSdk', `publishing with the PHP SDK ${version}`, () => {
  // covers: SIG-02, HTTP-02, HTTP-03
  it('delivers to one channel, and to two', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    for (const channel of ['a', 'b']) await subscribe(client, channel)
    expect(await php.trigger('a', 'one', { id: 1, path: 'x/y', name: 'Zoë' })).toEqual({})
    expect((await client.next(isEvent('a', 'one'))).data).toBe('{"id":1,"path":"x\\/y","name":"Zo\\u00eb"}')
    expect(await php.trigger(['a', 'b'], 'two', 'text')).toEqual({})
    await client.next(isEvent('a', 'two'))
    expect((await client.next(isEvent('b', 'two'))).data).toBe('"text"')
    await client.expectNothing(({ event }) => event === 'one' || event === 'two')
  })

  it('leaves out the connection that it names', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using sender = await server.connect()
    await using other = await server.connect()
    for (const client of [sender, other]) await subscribe(client, 'news')
    await php.trigger('news', 'saved', {}, { params: { socket_id: sender.socketId } })
    await other.next('saved')
    await sender.expectNothing('saved')
  })

  it('is refused with 401 when the secret is another app’s', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server, { ...app1, secret: app2.secret })
    await expect(php.trigger('news', 'saved', {})).rejects.toMatchObject({ status: 401 })
    await expect(php.call('getChannels')).rejects.toMatchObject({ status: 401 })
  })

  it('is refused with 413 when the data are too large', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await expect(php.trigger('news', 'saved', 'x'.repeat(10_240))).rejects.toMatchObject({ status: 413 })
  })

  // covers: HTTP-26
  itSince(5, 'answers the attributes it asks for', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    await subscribe(client, 'presence-room', { userId: '1' })
    const result = await php.trigger('presence-room', 'saved', {}, { params: { info: 'user_count' } })
    expect(result).toEqual({ channels: { 'presence-room': { user_count: 1 } } })
  })

  // covers: HTTP-45
  it('delivers a batch, and answers the attributes of its second event', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    for (const channel of ['a', 'presence-room']) await subscribe(client, channel, { userId: '1' })
    const result = await php.triggerBatch([
      { channel: 'a', name: 'first', data: { n: 1 } },
      { channel: 'presence-room', name: 'second', data: 'text', info: 'user_count' },
      { channel: 'a', name: 'third', data: [] },
    ])
    expect(result).toEqual({ batch: [{}, { user_count: 1 }, {}] })
    await client.next('first')
    await client.next('second')
    await client.next('third')
  })

  // covers: ENC-02
  it('encrypts for an encrypted channel, and pusher-js decrypts', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await connectPusherJs(server)
    const calls = record(await client.subscribe('private-encrypted-x'), 'saved')
    await php.trigger('private-encrypted-x', 'saved', { secret: 'Zoë 🚀' })
    expect((await calls.next(() => true)).data).toEqual({ secret: 'Zoë 🚀' })
  })

  // covers: CHAN-21
  it('reaches a channel whose name has every allowed character', async () => {
    const name = 'foo-bar_1234@=,.;'
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    await subscribe(client, name)
    await php.trigger(name, 'saved', {})
    await client.next(isEvent(name, 'saved'))
    expect(await php.call('getChannelInfo', { channel: name })).toEqual({ occupied: true })
  })

  // covers: SIG-26
  it('works behind a reverse proxy that takes a prefix away', async () => {
    await using server = await startServer()
    await using proxy = await startPrefixProxy(server)
    // Guzzle, under the newer majors, resolves relative addresses: without the last slash the prefix would be lost.
    await using php = new PhpClient(proxy, app1, { path: major < 6 ? '/prefix' : '/prefix/' })
    expect(await php.trigger('news', 'saved', {})).toEqual({})
    expect(await php.call('getChannels')).toEqual({ channels: [] })
  })
})

describeIf('phpSdk', `queries of the PHP SDK ${version}`, () => {
  // covers: QRY-02
  it('list channels, whether there are some or none', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    expect(await php.call('getChannels')).toEqual({ channels: [] })
    await using client = await server.connect()
    await subscribe(client, 'news')
    await subscribe(client, 'presence-room', { userId: '1' })
    expect(await php.call('getChannels')).toEqual({ channels: { news: {}, 'presence-room': {} } })
    const params = { filter_by_prefix: 'presence-', info: 'user_count' }
    expect(await php.call('getChannels', { params })).toEqual({
      channels: { 'presence-room': { user_count: 1 } },
    })
  })

  it('show a channel and the users of a presence channel', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    await subscribe(client, 'presence-room', { userId: '1' })
    const info = { channel: 'presence-room', params: { info: 'user_count' } }
    expect(await php.call('getChannelInfo', info)).toEqual({ occupied: true, user_count: 1 })
    expect(await php.call('getChannelInfo', { channel: 'nobody' })).toEqual({ occupied: false })
    expect(await php.call('getPresenceUsers', { channel: 'presence-room' })).toEqual({ users: [{ id: '1' }] })
    expect(await php.call('getPresenceUsers', { channel: 'presence-empty' })).toEqual({ users: [] })
    await expect(php.call('getPresenceUsers', { channel: 'news' })).rejects.toMatchObject({ status: 400 })
  })
})

describeIf('phpSdk', `authorization by the PHP SDK ${version}`, () => {
  // covers: AUTH-01
  it('lets pusher-js into private, encrypted and presence channels', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await connectPusherJs(server, {
      options: {
        channelAuthorization: {
          transport: 'ajax',
          endpoint: '',
          customHandler: ({ socketId, channelName }, callback) => {
            const authorization = channelName.startsWith('presence-')
              ? php.authorizePresenceChannel(channelName, socketId, 'ann', { name: 'Zoë / 🚀' })
              : php.authorizeChannel(channelName, socketId)
            authorization.then(
              (answer) => callback(null, answer),
              (error: unknown) => callback(error as Error, null),
            )
          },
        },
      },
    })
    await client.subscribe('private-orders')
    await client.subscribe('private-encrypted-orders')
    const { members } = await client.join('presence-room')
    expect(members.me).toEqual({ id: 'ann', info: { name: 'Zoë / 🚀' } })
  })

  it('lets in a member without user_info, which the library leaves out when it is empty', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    const data = { ...(await php.authorizePresenceChannel('presence-room', client.socketId, '0', [])) }
    expect(data.channel_data).toBe('{"user_id":"0"}')
    const { payload } = await subscribe(client, 'presence-room', { data })
    expect(payload).toEqual({ presence: { ids: ['0'], hash: { 0: null }, count: 1 } })
  })

  it('lets in a private subscription that brings signed data of its own', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    const data = {
      ...(await php.authorizeChannel('private-orders', client.socketId, '{"any":"Zoë / data"}')),
    }
    expect(data.channel_data).toBe('{"any":"Zoë / data"}')
    await subscribe(client, 'private-orders', { data })
  })

  // covers: USER-02
  itSince(7, 'signs a user in, whose data it escapes', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    const userData = { id: 'u1', user_info: { name: 'Zoë / 🚀' } }
    const signed = await php.call('authenticateUser', { socketId: client.socketId, userData })
    const data = JSON.parse(signed as string) as { user_data: string }
    expect(data.user_data).toContain('Zo\\u00eb \\/')
    client.send({ event: 'pusher:signin', data })
    expect((await client.next('pusher:signin_success')).payload).toEqual({ user_data: data.user_data })
  })
})

describeIf('phpSdk', `users of the PHP SDK ${version}`, () => {
  // covers: USER-13
  itSince(7, 'get what is sent to them', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await connectPusherJs(server, { userId: 'u1' })
    client.pusher.signin()
    await client.messages.next(({ channel }) => channel === '#server-to-user-u1')
    const calls = record(client.pusher.user, 'e')
    await php.call('sendToUser', { userId: 'u1', event: 'e', data: { a: 1 } })
    await client.barrier()
    expect(calls.items.map(({ data }) => data)).toEqual([{ a: 1 }])
  })

  // covers: TERM-02
  itSince(7, 'are disconnected with 4009', async () => {
    await using server = await startServer()
    await using php = new PhpClient(server)
    await using client = await server.connect()
    await using other = await server.connect()
    await signIn(client, { id: 'u1' })
    await signIn(other, { id: 'u2' })
    expect(await php.call('terminateUserConnections', { userId: 'u1' })).toEqual({})
    expect((await client.closed()).code).toBe(4009)
    await other.barrier()
  })
})
