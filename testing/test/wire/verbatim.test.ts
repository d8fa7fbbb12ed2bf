import { describe, expect, it } from 'vitest'
import { userAuth } from '../support/auth.js'
import { hears, joinAs } from '../support/presence.js'
import { app1, startServer, subscribe } from '../support/test-server.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

/** JSON that parsing and printing would change: numbers, key order, duplicate keys, escapes, white space. */
const spellings = [
  '1.0',
  '-0.0',
  '1E+2',
  '12345678901234567890',
  '0.1000000000000000055511151231257827',
  '{"b":1,"a":2,"10":3,"9":4}',
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}}',
  '"\\u00e9\\/\\u0041\\ud83d\\ude80"',
  '"\\ud83d"',
  '{ "a" : [ 1 ,\t2 ] }',
  '["</script>","\\u2028","\u2028","\\u0000"]',
  'null',
  '""',
]

/** Texts that a publisher may give, and that are not JSON, or hold it in one of the spellings above. */
const texts = [
  ...spellings,
  '',
  'hello',
  '{"a":',
  '{broken}',
  'Zoë 🚀',
  '\u0000',
  '\ud83d',
  ' padded ',
  '\r\n',
]

describe('data on its way through the server', () => {
  // covers: CHAN-06, CHAN-08, HTTP-12
  it.each(texts)('stays as the publisher gave it: %j', async (text) => {
    await using server = await startServer()
    await using a = await server.connect()
    await subscribe(a, 'news')
    await server.publish('news', 'saved', text)
    expect((await a.next('saved')).data).toBe(text)
  })

  it.each(texts)('stays as the publisher gave it when a cache channel replays it: %j', async (text) => {
    await using server = await startServer()
    await server.publish('cache-news', 'saved', text)
    await using a = await server.connect()
    await subscribe(a, 'cache-news')
    expect((await a.next('saved')).data).toBe(text)
    const { json } = await server.api('/channels/cache-news', { query: { info: 'cache' } })
    expect(json).toMatchObject({ cache: { data: text } })
  })

  it('stays the same whether the publisher escaped it or not', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await subscribe(a, 'news')
    const body = String.raw`{"name":"saved","channel":"news","data":"\u007b\"\u0061\":1.0\u007d \/ \ud83d\ude80"}`
    expect((await server.api('/events', { body })).status).toBe(200)
    expect((await a.next('saved')).data).toBe('{"a":1.0} / 🚀')
  })

  it.each(spellings)('stays as a client spelled it: %s', async (spelling) => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'private-x')
    a.sendText(`{"data": ${spelling} ,"channel":"private-x","event":"client-x"}`)
    const { data } = await b.next('client-x')
    // A string goes as that string, everything else as the text of its JSON.
    expect(data).toBe(spelling.startsWith('"') ? JSON.parse(spelling) : spelling)
  })

  it('is the last of two that a client gives, as any reader of JSON would have it', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'private-x')
    a.sendText('{"data":{"data":1},"event":"client-x","d\\u0061ta":2.0,"channel":"private-x"}')
    expect((await b.next('client-x')).data).toBe('2.0')
  })

  it('tells a webhook the same string that was delivered', async () => {
    await using receiver = await WebhookReceiver.start()
    await using server = await startServer({
      app1: { webhooks: [{ url: receiver.url, events: ['client_event'], maxBatchWaitMs: 0 }] },
    })
    await using a = await server.connect()
    await using b = await server.connect()
    for (const client of [a, b]) await subscribe(client, 'private-x')
    for (const spelling of ['{ "b":1.0,"a":1,"a":2 }', '"\\u00e9\\/"']) {
      a.sendText(`{"event":"client-x","channel":"private-x","data":${spelling}}`)
      const { data } = await b.next('client-x')
      expect((await receiver.waitForEvent('client_event')).data).toBe(data)
    }
  })

  it.each(spellings.filter((spelling) => spelling !== 'null'))(
    'is the user_info that was signed, in roster and member_added: %s',
    async (spelling) => {
      await using server = await startServer()
      await using a = await server.connect()
      await using b = await server.connect()
      await subscribe(a, 'presence-x', { userId: '10' })
      const channelData = `{"user_info": ${spelling} ,"user_id":"11"}`
      const { data } = await joinAs(b, 'presence-x', channelData)
      expect(data).toContain(`"11":${spelling}`)
      expect((await hears(a, '+11')).data).toBe(`{"user_id":"11","user_info":${spelling}}`)
    },
  )

  it('is the user_data that was signed', async () => {
    await using server = await startServer()
    await using a = await server.connect()
    const userData = '{ "id":"u1", "n":1.0, "n":12345678901234567890, "t":"\\u00e9\\/" }'
    a.send({
      event: 'pusher:signin',
      data: { auth: userAuth(app1, a.socketId, userData), user_data: userData },
    })
    expect((await a.next('pusher:signin_success')).payload).toEqual({ user_data: userData })
  })
})
