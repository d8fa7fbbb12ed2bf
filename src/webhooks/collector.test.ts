import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { App, WebhookEndpoint } from '../apps/app.js'
import type { Clock, WebhookDelivery, WebhookQueue } from '../contracts.js'
import type { HubEvent } from '../hub/events.js'
import { silentLogger } from '../log.js'
import { webhookEventNames, type WebhookEvent } from '../protocol/webhook-message.js'
import { WebhookCollector } from './collector.js'
import { MAX_WAITING } from './departures.js'

describe('WebhookCollector', () => {
  describe('batches', () => {
    it('keeps an event until the wait of its endpoint is over', () => {
      const { clock, collector, sent } = setUp()
      collector.observe(occupied('a'))
      clock.move(249)
      expect(sent).toEqual([])
      clock.move(1)
      expect(namesOf(sent)).toEqual([['occupied a']])
    })

    it('lets later events share the request of the first, in order', () => {
      const { clock, collector, sent } = setUp()
      collector.observe(occupied('presence-a'))
      collector.observe(added('presence-a', '1'))
      clock.move(200)
      collector.observe(occupied('b'))
      clock.move(50)
      expect(namesOf(sent)).toEqual([['occupied presence-a', 'added presence-a 1', 'occupied b']])
      clock.move(1000)
      expect(sent).toHaveLength(1)
    })

    it('sends a full batch at once and loses none of 100 events', () => {
      const { clock, collector, sent } = setUp()
      for (let at = 0; at < 110; at += 1) collector.observe(occupied(`c${at}`))
      expect(sent.map(({ events }) => events)).toEqual([20, 20, 20, 20, 20])
      clock.move(250)
      expect(namesOf(sent).flat()).toEqual(Array.from({ length: 110 }, (_, at) => `occupied c${at}`))
    })

    it('sends each event by itself when the endpoint waits for none', () => {
      const { collector, sent } = setUp({ webhooks: [endpoint({ maxBatchWaitMs: 0 })] })
      collector.observe(occupied('a'))
      collector.observe(occupied('b'))
      expect(namesOf(sent)).toEqual([['occupied a'], ['occupied b']])
    })

    it('never puts events of two apps into one body', () => {
      const { apps, clock, collector, sent } = setUp()
      apps.set('other', app({ id: 'other', key: 'other-key', secret: 'other-secret' }))
      collector.observe(occupied('a'))
      collector.observe({ ...occupied('a'), appId: 'other' })
      clock.move(250)
      expect(sent.map(({ appId, headers }) => [appId, headers['X-Pusher-Key']])).toEqual([
        ['app', 'key'],
        ['other', 'other-key'],
      ])
    })

    it('leaves no timer behind when it is flushed', () => {
      const { clock, collector, sent } = setUp()
      collector.observe(occupied('a'))
      collector.observe(vacated('b'))
      collector.flush()
      expect(namesOf(sent)).toEqual([['occupied a', 'vacated b']])
      expect(clock.pending).toBe(0)
    })
  })

  describe('the choice of an endpoint', () => {
    it('gets only the events it names', () => {
      const webhooks = [
        endpoint({ url: 'http://a.test/', events: ['member_added', 'channel_vacated'] }),
        endpoint({ url: 'http://b.test/', events: ['channel_occupied'] }),
        endpoint({ url: 'http://c.test/', events: ['cache_miss'] }),
      ]
      const { collector, sent } = setUp({ webhooks })
      collector.observe(occupied('presence-a'))
      collector.observe(added('presence-a', '1'))
      collector.flush()
      expect(sent.map(({ endpoint: { url } }) => url)).toEqual(['http://b.test/', 'http://a.test/'])
      expect(namesOf(sent)).toEqual([['occupied presence-a'], ['added presence-a 1']])
    })

    it('gets only channels of its prefix, and the filter comes before the signature', () => {
      const { collector, sent } = setUp({ webhooks: [endpoint({ channelPrefix: 'presence-' })] })
      collector.observe(occupied('a'))
      collector.observe(occupied('presence-a'))
      collector.flush()
      expect(namesOf(sent)).toEqual([['occupied presence-a']])
      expect(isSigned(sent[0]!)).toBe(true)
    })

    it('hears nothing of user channels', () => {
      const { collector, sent } = setUp()
      collector.observe(occupied('#server-to-user-1'))
      collector.observe(vacated('#server-to-user-1'))
      collector.flush()
      expect(sent).toEqual([])
    })

    it('hears nothing that is no webhook event, nor anything of an app that is unknown', () => {
      const { collector, sent } = setUp()
      collector.observe({ type: 'connection_opened', appId: 'app', socketId: '1.1' })
      collector.observe({ type: 'published', appId: 'app', channel: 'a', name: 'x', data: '' })
      collector.observe({ ...occupied('a'), appId: 'nobody' })
      collector.flush()
      expect(sent).toEqual([])
    })
  })

  describe('the request', () => {
    it('is signed over its bytes, whatever characters they stand for', () => {
      const { collector, sent } = setUp()
      collector.observe(clientEvent({ data: '{"text":"grüße 🎉 \u2028 \ud800"}' }))
      collector.flush()
      const { body, headers } = sent[0]!
      expect(Buffer.from(body).toString()).toBe(body)
      expect(headers).toEqual({
        'Content-Type': 'application/json',
        'X-Pusher-Key': 'key',
        'X-Pusher-Signature': createHmac('sha256', 'secret').update(Buffer.from(body)).digest('hex'),
      })
    })

    it('tells the time as a whole number', () => {
      const { clock, collector, sent } = setUp()
      clock.move(1234.5)
      collector.observe(occupied('project-3'))
      collector.flush()
      expect(sent[0]!.body).toBe(
        '{"time_ms":1234,"events":[{"name":"channel_occupied","channel":"project-3"}]}',
      )
    })

    it('tells of each event exactly what belongs to it', () => {
      const { collector, sent } = setUp({ webhookDelayMs: 0 })
      collector.observe(added('presence-a', '1'))
      collector.observe(clientEvent({ channel: 'private-a', data: '{"x":1}' }))
      collector.observe(clientEvent({ channel: 'presence-a', data: 'plain', userId: '1' }))
      collector.observe({ type: 'cache_miss', appId: 'app', channel: 'cache-a' })
      collector.observe({ type: 'subscription_count', appId: 'app', channel: 'a', count: 7 })
      collector.observe(removed('presence-a', '1'))
      collector.observe(vacated('presence-a'))
      collector.flush()
      const sender = { event: 'client-x', socket_id: '1.1' }
      expect(eventsOf(sent)).toEqual([
        { name: 'member_added', channel: 'presence-a', user_id: '1' },
        { name: 'client_event', channel: 'private-a', data: '{"x":1}', ...sender },
        { name: 'client_event', channel: 'presence-a', data: 'plain', ...sender, user_id: '1' },
        { name: 'cache_miss', channel: 'cache-a' },
        { name: 'subscription_count', channel: 'a', subscription_count: 7 },
        { name: 'member_removed', channel: 'presence-a', user_id: '1' },
        { name: 'channel_vacated', channel: 'presence-a' },
      ])
    })

    it("carries the endpoint's own headers, which replace none of the protocol's", () => {
      const headers = {
        'X-Own': '1',
        'content-TYPE': 'text/plain',
        'x-pusher-key': 'forged',
        Connection: 'close',
      }
      const { collector, sent } = setUp({ webhooks: [endpoint({ headers })] })
      collector.observe(occupied('a'))
      collector.flush()
      expect(Object.keys(sent[0]!.headers).sort()).toEqual([
        'Content-Type',
        'X-Own',
        'X-Pusher-Key',
        'X-Pusher-Signature',
      ])
    })

    it('is signed with the newest secret of the app', () => {
      const { apps, clock, collector, sent } = setUp()
      collector.observe(occupied('a'))
      apps.set('app', app({ key: 'new-key', secret: 'new-secret' }))
      clock.move(250)
      expect(sent[0]!.headers['X-Pusher-Key']).toBe('new-key')
      expect(isSigned(sent[0]!, 'new-secret')).toBe(true)
    })
  })

  describe('the wait for a return', () => {
    it('tells of a vacated channel when nobody came back', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(vacated('a'))
      clock.move(2999)
      expect(told()).toEqual([])
      clock.move(1)
      expect(told()).toEqual(['vacated a'])
    })

    it('tells neither of a vacated channel nor of its return within the wait', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(vacated('a'))
      clock.move(2999)
      collector.observe(occupied('a'))
      clock.move(10_000)
      expect(told()).toEqual([])
      collector.observe(vacated('a'))
      clock.move(3000)
      expect(told()).toEqual(['vacated a'])
    })

    it('tells both when the return comes after the wait', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(vacated('a'))
      clock.move(3000)
      collector.observe(occupied('a'))
      expect(told()).toEqual(['vacated a', 'occupied a'])
    })

    it('hides the return of a member, of this user and this channel only', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      collector.observe(added('presence-b', '1'))
      collector.observe(added('presence-a', '2'))
      collector.observe(added('presence-a', '1'))
      clock.move(10_000)
      expect(told()).toEqual(['added presence-b 1', 'added presence-a 2'])
    })

    it('hides everything when the only member comes back', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      collector.observe(vacated('presence-a'))
      collector.observe(occupied('presence-a'))
      collector.observe(added('presence-a', '1'))
      clock.move(10_000)
      expect(told()).toEqual([])
    })

    it('still tells of a removed member when another one came into the vacated channel', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      collector.observe(vacated('presence-a'))
      clock.move(1000)
      collector.observe(occupied('presence-a'))
      collector.observe(added('presence-a', '2'))
      clock.move(10_000)
      expect(told()).toEqual(['added presence-a 2', 'removed presence-a 1'])
    })

    it('begins again when a channel that came back is vacated once more', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(vacated('a'))
      clock.move(2000)
      collector.observe(occupied('a'))
      collector.observe(vacated('a'))
      clock.move(2999)
      expect(told()).toEqual([])
      clock.move(1)
      expect(told()).toEqual(['vacated a'])
    })

    it('begins again, and once, when a channel is vacated whose return was seen elsewhere', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(vacated('a'))
      clock.move(1000)
      collector.observe(vacated('b'))
      clock.move(1000)
      collector.observe(vacated('a'))
      clock.move(2999)
      expect(told()).toEqual(['vacated b'])
      clock.move(1)
      expect(told()).toEqual(['vacated b', 'vacated a'])
    })

    it('tells of the last member before the vacated channel', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      clock.move(500)
      collector.observe(removed('presence-a', '2'))
      collector.observe(vacated('presence-a'))
      clock.move(10_000)
      expect(told()).toEqual(['removed presence-a 1', 'removed presence-a 2', 'vacated presence-a'])
    })

    it('keeps that order when the wait becomes shorter meanwhile', () => {
      const { apps, clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      apps.set('app', app({ ...atOnce, webhookDelayMs: 0 }))
      collector.observe(vacated('presence-a'))
      expect(told()).toEqual([])
      clock.move(3000)
      expect(told()).toEqual(['removed presence-a 1', 'vacated presence-a'])
    })

    it('does not hold up what needs no wait', () => {
      const { collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      collector.observe(clientEvent({ channel: 'presence-a', userId: '2' }))
      expect(told()).toEqual(['client_event presence-a 2'])
    })

    it('is none when it is set to 0', () => {
      const { collector, told } = setUp({ ...atOnce, webhookDelayMs: 0 })
      collector.observe(vacated('a'))
      collector.observe(occupied('a'))
      expect(told()).toEqual(['vacated a', 'occupied a'])
    })

    it('keeps apps apart', () => {
      const { apps, clock, collector, told } = setUp(atOnce)
      apps.set('other', app({ ...atOnce, id: 'other' }))
      collector.observe(vacated('a'))
      collector.observe({ ...occupied('a'), appId: 'other' })
      clock.move(3000)
      expect(told()).toEqual(['occupied a', 'vacated a'])
    })

    it('ends at a flush, in order', () => {
      const { clock, collector, told } = setUp(atOnce)
      collector.observe(removed('presence-a', '1'))
      collector.observe(vacated('presence-a'))
      collector.flush()
      expect(told()).toEqual(['removed presence-a 1', 'vacated presence-a'])
      expect(clock.pending).toBe(0)
    })

    it('is cut short for the oldest when too many wait', () => {
      const { collector, told } = setUp(atOnce)
      for (let at = 0; at <= MAX_WAITING; at += 1) collector.observe(vacated(`c${at}`))
      expect(told()).toEqual(['vacated c0'])
    })

    it('takes one timer, however many wait', () => {
      const { clock, collector } = setUp(atOnce)
      for (let at = 0; at < 1000; at += 1) collector.observe(vacated(`c${at}`))
      expect(clock.pending).toBe(1)
    })
  })

  it('sends what was collected for the old endpoints before anything for the new ones', () => {
    const { apps, collector, sent } = setUp()
    collector.observe(occupied('a'))
    apps.set('app', app({ webhooks: [endpoint({ maxBatchEvents: 1 })] }))
    collector.observe(occupied('b'))
    expect(namesOf(sent)).toEqual([['occupied a'], ['occupied b']])
  })

  it('logs a queue that throws, and goes on', () => {
    const { clock, collector, queue, sent, logged } = setUp()
    queue.push = () => {
      throw new Error('broken')
    }
    collector.observe(occupied('a'))
    clock.move(250)
    expect(logged).toEqual([{ appId: 'app', url: 'http://hooks.test', err: new Error('broken') }])
    queue.push = (delivery) => sent.push(delivery)
    collector.observe(occupied('b'))
    clock.move(250)
    expect(namesOf(sent)).toEqual([['occupied b']])
  })
})

class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>()

  now(): number {
    return this.#nowMs
  }

  elapsed(): number {
    return this.now()
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { dueMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  get pending(): number {
    return this.#timers.size
  }

  move(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.dueMs - other.dueMs)
      if (next === undefined || next.dueMs > untilMs) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }
}

function endpoint(changes: Partial<WebhookEndpoint> = {}): WebhookEndpoint {
  return {
    url: 'http://user:password@hooks.test/path?query',
    events: webhookEventNames,
    channelPrefix: '',
    headers: {},
    maxBatchEvents: 20,
    maxBatchWaitMs: 250,
    timeoutMs: 4000,
    retrySeconds: 300,
    ...changes,
  }
}

/** Settings of an app whose events need no company, for tests of anything but batches. */
const atOnce: Partial<App> = { webhooks: [endpoint({ maxBatchWaitMs: 0 })] }

/** An app with as much as webhooks ask of it. */
function app(changes: Partial<App> = {}): App {
  const settings: Partial<App> = {
    id: 'app',
    key: 'key',
    secret: 'secret',
    webhookDelayMs: 3000,
    webhooks: [endpoint()],
    ...changes,
  }
  return settings as App
}

function setUp(changes: Partial<App> = {}) {
  const clock = new ManualClock()
  const apps = new Map([['app', app(changes)]])
  const sent: WebhookDelivery[] = []
  const logged: unknown[] = []
  const queue: WebhookQueue = {
    push: (delivery) => sent.push(delivery),
    onOutcome: () => undefined,
    size: 0,
    close: () => Promise.resolve(),
  }
  const log = { ...silentLogger, error: (fields: unknown) => logged.push(fields) }
  const collector = new WebhookCollector(queue, clock, (id) => apps.get(id), log)
  return { apps, clock, collector, queue, sent, logged, told: () => namesOf(sent).flat() }
}

function occupied(channel: string): HubEvent {
  return { type: 'channel_occupied', appId: 'app', channel }
}

function vacated(channel: string): HubEvent {
  return { type: 'channel_vacated', appId: 'app', channel }
}

function added(channel: string, userId: string): HubEvent {
  return { type: 'member_added', appId: 'app', channel, userId }
}

function removed(channel: string, userId: string): HubEvent {
  return { type: 'member_removed', appId: 'app', channel, userId }
}

function clientEvent(changes: { channel?: string; data?: string; userId?: string }): HubEvent {
  const event = { channel: 'private-a', name: 'client-x', data: '{}', socketId: '1.1', ...changes }
  return { type: 'client_event', appId: 'app', event }
}

function eventsOf(sent: readonly WebhookDelivery[]): WebhookEvent[] {
  return sent.flatMap(({ body }) => (JSON.parse(body) as { events: WebhookEvent[] }).events)
}

/** Each request as a list of `occupied a`, `removed presence-a 1` and the like. */
function namesOf(sent: readonly WebhookDelivery[]): string[][] {
  return sent.map((delivery) =>
    eventsOf([delivery]).map((event) => {
      const user = 'user_id' in event ? ` ${event.user_id}` : ''
      return `${event.name.replace(/^(channel|member)_/, '')} ${event.channel}${user}`
    }),
  )
}

function isSigned({ body, headers }: WebhookDelivery, secret = 'secret'): boolean {
  return headers['X-Pusher-Signature'] === createHmac('sha256', secret).update(body).digest('hex')
}
