import type { AppCredentials } from './auth.js'
import { channelAuth } from './auth.js'
import type { RawClient, ReceivedFrame } from './raw-client.js'
import { app1, isSuccess } from './test-server.js'

/** What the success frame of a presence channel says about its members. */
export interface Roster {
  readonly ids: readonly string[]
  readonly hash: Readonly<Record<string, unknown>>
  readonly count: number
}

/** The roster in the success frame of a presence channel. */
export function rosterOf(success: ReceivedFrame): Roster {
  return (success.payload as { presence: Roster }).presence
}

/** Sends a presence subscription whose `channel_data` is exactly this text, rightly signed. */
export function sendJoin(
  client: RawClient,
  channel: string,
  channelData: string,
  app: AppCredentials = app1,
): void {
  const auth = channelAuth(app, client.socketId, channel, channelData)
  client.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: channelData } })
}

/** Sends such a subscription and waits for its success. */
export async function joinAs(
  client: RawClient,
  channel: string,
  channelData: string,
): Promise<ReceivedFrame> {
  sendJoin(client, channel, channelData)
  return client.next(isSuccess(channel), { what: `the success of ${channel}` })
}

/** Every coming and going a client was told of, in order: `+11` was added, `-11` was removed. */
export function comingsAndGoings(client: RawClient, channel?: string): string[] {
  return client.inbox.items.filter(isMemberEvent(channel)).map(asSign)
}

/** Waits until a client is told of a coming or going, such as `+11`. */
export function hears(client: RawClient, sign: string): Promise<ReceivedFrame> {
  return client.next((frame) => isMemberEvent()(frame) && asSign(frame) === sign, { what: `member ${sign}` })
}

/** Whether a frame tells of a member that came or went. */
export function isMemberEvent(channel?: string): (frame: ReceivedFrame) => boolean {
  return (frame) =>
    frame.event.startsWith('pusher_internal:member_') && (channel === undefined || frame.channel === channel)
}

/**
 * The members as a client sees them: its newest roster, and what it was told since.
 *
 * @throws Error when it was told of a member that it had already, or that was not there.
 */
export function membersSeenBy(client: RawClient, channel: string): string[] {
  let members = new Set<string>()
  for (const frame of client.inbox.items) {
    if (isSuccess(channel)(frame)) members = new Set(rosterOf(frame).ids)
    if (!isMemberEvent(channel)(frame)) continue
    const { user_id: id } = frame.payload as { user_id: string }
    const isNews = frame.event.endsWith('added') ? !members.has(id) : members.has(id)
    if (!isNews) throw new Error(`${frame.text} is no news\n${client.inbox.summary()}`)
    if (frame.event.endsWith('added')) members.add(id)
    else members.delete(id)
  }
  return [...members].sort()
}

function asSign(frame: ReceivedFrame): string {
  const { user_id: id } = frame.payload as { user_id: string }
  return `${frame.event === 'pusher_internal:member_added' ? '+' : '-'}${id}`
}
