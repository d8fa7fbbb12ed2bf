import type { App } from '../apps/app.js'
import type { Store } from '../contracts.js'
import { channelKind, isCacheChannel } from '../protocol/channel-name.js'
import { quoted } from '../protocol/errors.js'

const attributeNames = ['user_count', 'subscription_count', 'cache'] as const

/** What can be asked about a channel with `info`. */
export type Attribute = (typeof attributeNames)[number]

/** `info=user_count,cache` in its parts, or the reason why it is none. */
export function parseAttributes(info: string | undefined): readonly Attribute[] | string {
  if (info === undefined || info === '') return []
  const parts = info.split(',')
  const unknown = parts.find((part) => !isAttribute(part))
  if (unknown !== undefined)
    return `Unknown attribute '${quoted(unknown)}' in info: known are ${attributeNames.join(', ')}`
  return parts.filter(isAttribute)
}

function isAttribute(text: string): text is Attribute {
  return attributeNames.some((name) => name === text)
}

/** Why an attribute does not exist for a channel, or `null` when it does. Source: protocol.md#http-queries-info. */
export function inapplicable(app: App, channel: string, attribute: Attribute): string | null {
  switch (attribute) {
    case 'user_count':
      return channelKind(channel) === 'presence'
        ? null
        : `user_count exists for presence channels only, not for '${channel}'`
    case 'subscription_count':
      return app.subscriptionCount
        ? null
        : 'Cannot retrieve the subscription count because subscription counting is not enabled for this app'
    case 'cache':
      return isCacheChannel(channel) ? null : `cache exists for cache channels only, not for '${channel}'`
  }
}

/** The values of those attributes that exist for the channel; the others are left out. */
export async function attributesOf(
  app: App,
  store: Store,
  channel: string,
  attributes: readonly Attribute[],
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  const applicable = attributes.filter((attribute) => inapplicable(app, channel, attribute) === null)
  if (applicable.length === 0) return values
  const counts = await store.counts(app.id, channel)
  for (const attribute of applicable) {
    if (attribute === 'user_count') values[attribute] = counts.users
    else if (attribute === 'subscription_count') values[attribute] = counts.subscriptions
    else {
      const retained = await store.retained(app.id, channel)
      values[attribute] =
        retained === null ? null : { data: retained.data, ttl: Math.ceil(retained.ttlMs / 1000) }
    }
  }
  return values
}
