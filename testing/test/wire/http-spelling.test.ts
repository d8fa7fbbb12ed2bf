import { describe, expect, it } from 'vitest'
import { signedRequest } from '../support/http-client.js'
import { app1, startServer, subscribe } from '../support/test-server.js'

const event = { name: 'e', channels: ['news'], data: '{}' }

describe('the query of a signed request', () => {
  // covers: SIG-15
  it('may have its parameters in any order', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'presence-a', { userId: '1' })
    for (const reverse of [true, false]) {
      const answer = await server.api('/channels', {
        query: { info: 'user_count', filter_by_prefix: 'presence-' },
        buildQuery: (auth) => {
          const all = [...auth, ['info', 'user_count'], ['filter_by_prefix', 'presence-']]
          const pairs = all.map(([name = '', value = '']) => `${name}=${value}`).sort()
          return (reverse ? pairs.reverse() : pairs).join('&')
        },
      })
      expect(answer).toMatchObject({ status: 200, json: { channels: { 'presence-a': { user_count: 1 } } } })
    }
  })

  // covers: SIG-16
  it('may spell names in upper case, which are signed in lower case', async () => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'presence-a', { userId: '1' })
    const answer = await server.api('/channels', {
      query: { info: 'user_count', filter_by_prefix: 'presence-' },
      sentQuery: 'Info=user_count&FILTER_BY_PREFIX=presence-',
    })
    expect(answer).toMatchObject({ status: 200, json: { channels: { 'presence-a': { user_count: 1 } } } })
  })

  // covers: SIG-19
  it.each([
    ['a b', 'a%20b'],
    ['a b', 'a+b'],
    ['a+b', 'a%2Bb'],
    ['Zoë 🚀', 'Zo%C3%AB%20%F0%9F%9A%80'],
    ['a,b', 'a%2Cb'],
    ['a,b', 'a,b'],
    ['a;b@c=d', 'a;b@c=d'],
    ['a&b=c', 'a%26b%3Dc'],
    ['100%', '100%25'],
    ['a/b?c', 'a/b?c'],
    ['', ''],
  ])('has the value %j signed decoded and sent as %s', async (value, sent) => {
    await using server = await startServer()
    const query = { filter_by_prefix: value }
    const answer = await server.api('/channels', { query, sentQuery: `filter_by_prefix=${sent}` })
    expect(answer).toMatchObject({ status: 200, json: { channels: {} } })
  })

  // covers: SIG-19
  it('counts a parameter without a value, with or without an equals sign, as empty', async () => {
    await using server = await startServer()
    for (const sentQuery of ['info=', 'info']) {
      const answer = await server.api('/channels/news', { query: { info: '' }, sentQuery })
      expect(answer).toMatchObject({ status: 200, json: { occupied: false } })
    }
  })

  it('has the parts of an array signed under its bare name, joined by commas', async () => {
    await using server = await startServer()
    const query = { channels: ['a', 'b'], name: 'e', data: '{}' }
    for (const sent of ['channels[]=a&channels[]=b', 'channels[0]=a&channels[1]=b', 'channels%5B%5D=a%2Cb']) {
      const answer = await server.api('/events', {
        method: 'POST',
        query,
        sentQuery: `${sent}&name=e&data=%7B%7D`,
      })
      expect(answer).toMatchObject({ status: 200, json: {} })
    }
  })

  it.each(['info=%', 'info=%zz', 'info=%C3', '%ff=1', 'info=%ED%A0%80'])(
    'is refused when it cannot be decoded: %s',
    async (sentQuery) => {
      await using server = await startServer()
      const answer = await server.api('/channels', { sentQuery })
      expect([400, 401]).toContain(answer.status)
    },
  )
})

describe('the path of a signed request', () => {
  it.each([
    ['as it is sent', '/apps/app1/channels/a%40b', '/apps/app1/channels/a%40b'],
    ['decoded', '/apps/app1/channels/a%40b', '/apps/app1/channels/a@b'],
    ['without escapes', '/apps/app1/channels/a@b', '/apps/app1/channels/a@b'],
  ])('may be signed %s', async (_, sentPath, signedPath) => {
    await using server = await startServer()
    await using client = await server.connect()
    await subscribe(client, 'a@b')
    const answer = await server.api('', { sentPath, signedPath })
    expect(answer).toMatchObject({ status: 200, json: { occupied: true } })
  })

  it.each(['/apps/app1/events', '/prefix/apps/app1/events'])(
    'may be signed as %s behind a prefix',
    async (signedPath) => {
      await using server = await startServer({ path: '/prefix' })
      const url = server.url.replace('/prefix', '')
      const request = { url, body: event, signedPath, sentPath: '/prefix/apps/app1/events' }
      expect(await signedRequest({ app: app1, path: '', ...request })).toMatchObject({ status: 200 })
      const elsewhere = { ...request, sentPath: '/apps/app1/events', signedPath: '/apps/app1/events' }
      expect(await signedRequest({ app: app1, path: '', ...elsewhere })).toMatchObject({ status: 404 })
    },
  )
})
