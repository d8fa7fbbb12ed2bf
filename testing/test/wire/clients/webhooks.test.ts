import { describe, expect, it } from 'vitest'
import { nodeSdk } from '../../support/clients.js'
import { environment, describeIf } from '../../support/environment.js'
import { PhpClient } from '../../support/php-client.js'
import { app1, app2, startServer, subscribe } from '../../support/test-server.js'
import type { WebhookDelivery } from '../../support/webhook-receiver.js'
import { WebhookReceiver } from '../../support/webhook-receiver.js'

/** The delivery that a first member of a presence channel with an odd name causes. */
async function someDelivery(receiver: WebhookReceiver): Promise<WebhookDelivery> {
  await using server = await startServer({ app1: { webhooks: [{ url: receiver.url }] } })
  await using client = await server.connect()
  await subscribe(client, 'presence-a@b;c', { userId: 'Zoë' })
  return await receiver.waitFor(({ events }) => events.some(({ name }) => name === 'channel_occupied'))
}

/** Headers as PHP's getallheaders() shows them: in the spelling in which they were sent. */
function headersAsSent({ rawHeaders }: WebhookDelivery): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!] = rawHeaders[i + 1]!
  return headers
}

describe('a webhook, read by the Node SDK', () => {
  // covers: HOOK-03
  it('is valid, recent, and shows its events', async () => {
    await using receiver = await WebhookReceiver.start()
    const delivery = await someDelivery(receiver)
    const request = { headers: delivery.headers, rawBody: delivery.rawBody.toString() }
    const webhook = nodeSdk({ port: 1 }).webhook(request)
    expect(webhook.isContentTypeValid()).toBe(true)
    expect(webhook.isValid()).toBe(true)
    expect(webhook.getEvents()).toEqual(delivery.events)
    expect(webhook.getEvents()[0]).toEqual({ name: 'channel_occupied', channel: 'presence-a@b;c' })
    expect(Math.abs(webhook.getTime().getTime() - Date.now())).toBeLessThan(5_000)
    expect(nodeSdk({ port: 1 }, app2).webhook(request).isValid()).toBe(false)
  })
})

describeIf('phpSdk', `a webhook, read by the PHP SDK ${environment.phpSdk.version ?? ''}`, () => {
  // covers: HOOK-04
  it('is valid and shows its events', async () => {
    await using receiver = await WebhookReceiver.start()
    await using php = new PhpClient({ port: 1 }, app1)
    const delivery = await someDelivery(receiver)
    const args = { headers: headersAsSent(delivery), body: delivery.rawBody.toString() }
    expect(await php.call('webhook', args)).toEqual({ timeMs: delivery.timeMs, events: delivery.events })
  })

  it('is refused when its body was changed', async () => {
    await using receiver = await WebhookReceiver.start()
    await using php = new PhpClient({ port: 1 }, app1)
    const delivery = await someDelivery(receiver)
    const args = { headers: headersAsSent(delivery), body: `${delivery.rawBody.toString()} ` }
    await expect(php.call('webhook', args)).rejects.toThrow('invalid signature')
  })
})
