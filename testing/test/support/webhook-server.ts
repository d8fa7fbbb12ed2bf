import type { RawClient } from './raw-client.js'
import type { TestServer, TestServerOptions } from './test-server.js'
import { startServer, subscribe } from './test-server.js'
import type { WebhookEvent, WebhookReceiver } from './webhook-receiver.js'

/** A server whose first app tells a receiver everything, each event by itself and soon. */
export async function startTelling(
  receiver: WebhookReceiver,
  app: TestServerOptions['app1'] = {},
): Promise<TestServer> {
  const webhooks = [{ url: receiver.url, maxBatchWaitMs: 0 }]
  return startServer({ app1: { webhookDelayMs: 20, webhooks, ...app } })
}

/** All that was told of a channel up to now, behind an event that is made last and waited for. */
export async function toldOf(
  server: TestServer,
  receiver: WebhookReceiver,
  channel: string,
): Promise<WebhookEvent[]> {
  await using client = await server.connect()
  await subscribe(client, 'last')
  await client.close()
  await receiver.waitForEvent('channel_vacated', 'last')
  return receiver.events.items.filter((event) => event.channel === channel)
}

export function leave(client: RawClient, channel: string): void {
  client.send({ event: 'pusher:unsubscribe', data: { channel } })
}
