import { createServer } from 'pogo-websocket'
import { createLocalAdapter } from 'pogo-websocket/adapters'
import { describe, expect, it } from 'vitest'
import { sendRequest, signedRequest } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { app1, startServer, subscribe } from '../support/test-server.js'
import { WebhookReceiver } from '../support/webhook-receiver.js'

const paths = ['/up', '/pogo/health']
const event = { name: 'e', channels: ['news'], data: '{}' }

describe('the health of a server', () => {
  it.each(paths)('is told to anyone at %s', async (path) => {
    await using server = await startServer()
    const answer = await server.get(path)
    expect(answer).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(await server.get(`${path}?any=thing`)).toMatchObject({ status: 200 })
    expect(await sendRequest(server.url, 'HEAD', path)).toMatchObject({ status: 200, text: '' })
    const posted = await sendRequest(server.url, 'POST', path)
    expect(posted).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(await server.get(`${path}/more`)).toMatchObject({ status: 404 })
  })

  it('is told behind the prefix of all routes', async () => {
    await using server = await startServer({ path: '/prefix' })
    const root = server.url.replace('/prefix', '')
    for (const path of paths) {
      expect(await sendRequest(root, 'GET', `/prefix${path}`)).toMatchObject({ status: 200 })
      expect(await sendRequest(root, 'GET', path)).toMatchObject({ status: 404 })
    }
  })

  it('is 503 while the server stops, which also takes no events and no connections', async () => {
    await using receiver = await WebhookReceiver.start()
    receiver.answerAlways('hang')
    await using server = await startServer({ app1: { webhooks: [{ url: receiver.url, maxBatchWaitMs: 0 }] } })
    await using client = await server.connect()
    await subscribe(client, 'news')
    await receiver.waitForEvent('channel_occupied')
    const closed = server.close() // waits for the webhook that hangs
    expect(await client.closed()).toMatchObject({ code: 4200 })
    for (const path of paths) {
      const answer = await server.get(path)
      expect(answer).toMatchObject({ status: 503, json: { status: 'unavailable', reason: 'draining' } })
    }
    const published = await server.api('/events', { body: event })
    expect(published.status).toBe(503)
    const batch = { batch: [{ name: 'e', channel: 'news', data: '' }] }
    expect(await server.api('/batch_events', { body: batch })).toMatchObject({ status: 503 })
    expect(await server.api('/channels')).toMatchObject({ status: 200, json: { channels: {} } })
    await using late = await RawClient.connect(server.appUrl())
    expect(await late.closed()).toMatchObject({ code: 4100 })
    await receiver[Symbol.asyncDispose]()
    await closed
    await expect(server.get('/up')).rejects.toThrow('ECONNREFUSED')
  })

  it('is 503 with the reason while the adapter cannot keep its promise', async () => {
    let reason: string | null = null
    const adapter = { ...createLocalAdapter(), health: () => reason }
    await using server = createServer({ port: 0, apps: [app1], adapter })
    await server.listen()
    expect(await sendRequest(server.url, 'GET', '/up')).toMatchObject({ status: 200 })
    reason = 'the backplane is gone'
    for (const path of paths) {
      const answer = await sendRequest(server.url, 'GET', path)
      expect(answer).toMatchObject({ status: 503, json: { status: 'unavailable', reason } })
    }
    reason = null
    expect(await sendRequest(server.url, 'GET', '/up')).toMatchObject({ status: 200 })
    const published = await signedRequest({ url: server.url, app: app1, path: '/events', body: event })
    expect(published.status).toBe(200)
  })
})
