import { describe, expect, it } from 'vitest'
import type { WebhookEndpoint } from '../apps/app.js'
import type { Clock, WebhookDelivery } from '../contracts.js'
import { silentLogger } from '../log.js'
import { pauseMs, type LineLimits } from './line.js'
import { MemoryWebhookQueue } from './queue.js'
import type { Attempt, WebhookSender } from './sender.js'

describe('MemoryWebhookQueue', () => {
  it('delivers what it is given, in order, one at a time', async () => {
    const { queue, sender, outcomes } = setUp()
    queue.push(delivery('1'))
    queue.push(delivery('2'))
    expect(sender.attempts).toEqual(['1'])
    expect(queue.size).toBe(2)
    await sender.answer(ok)
    expect(sender.attempts).toEqual(['1', '2'])
    await sender.answer(ok)
    expect(outcomes).toEqual(['1 delivered', '2 delivered'])
    expect(queue.size).toBe(0)
  })

  it('takes up work again after it was done', async () => {
    const { queue, sender, outcomes } = setUp()
    queue.push(delivery('1'))
    await sender.answer(ok)
    queue.push(delivery('2'))
    await sender.answer(ok)
    expect(outcomes).toEqual(['1 delivered', '2 delivered'])
  })

  it('sends the same delivery again after growing pauses', async () => {
    const { clock, queue, sender, outcomes } = setUp()
    const one = delivery('1')
    queue.push(one)
    const pauses: number[] = []
    for (let failures = 1; failures <= 12; failures += 1) {
      await sender.answer(failed)
      pauses.push(await clock.moveToNext())
    }
    expect(pauses.slice(0, 8)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000])
    expect(pauses.slice(8)).toEqual([30_000, 30_000, 30_000, 30_000])
    await sender.answer(ok)
    expect(new Set(sender.deliveries)).toEqual(new Set([one]))
    expect(outcomes).toEqual([...Array<string>(12).fill('1 retried'), '1 delivered'])
    expect(clock.pending).toBe(0)
  })

  it('keeps later deliveries of the endpoint behind one that is tried again', async () => {
    const { clock, queue, sender } = setUp()
    queue.push(delivery('1'))
    queue.push(delivery('2'))
    await sender.answer(failed)
    await clock.moveToNext()
    await sender.answer(ok)
    await sender.answer(ok)
    expect(sender.attempts).toEqual(['1', '1', '2'])
  })

  it('gives up when the time is over, after a last attempt in that moment, and goes on with the next', async () => {
    const { clock, queue, sender, outcomes, warnings } = setUp()
    queue.push(delivery('1'))
    for (let failures = 0; clock.now() < 300_000; failures += 1) {
      await sender.answer(failed)
      await clock.moveToNext()
    }
    expect(clock.now()).toBe(300_000)
    queue.push(delivery('2'))
    await sender.answer(failed)
    expect(outcomes.at(-1)).toBe('1 given_up')
    expect(warnings).toEqual([
      {
        message: 'webhook given up',
        appId: 'app',
        url: 'http://hooks.test',
        events: 1,
        attempt: sender.attempts.length - 1,
        cause: 'status 500',
      },
    ])
    await sender.answer(ok)
    expect(outcomes.at(-1)).toBe('2 delivered')
  })

  it('lets what piles up age together, and tries each at least once', async () => {
    const { clock, queue, sender, outcomes } = setUp()
    queue.push(delivery('1', { retrySeconds: 1 }))
    queue.push(delivery('2', { retrySeconds: 1 }))
    for (const at of [250, 750, 1000]) {
      await sender.answer(failed)
      await clock.moveToNext()
      expect(clock.now()).toBe(at)
    }
    await sender.answer(failed)
    expect(outcomes.at(-1)).toBe('1 given_up')
    await sender.answer(failed)
    expect(outcomes.at(-1)).toBe('2 given_up')
    expect(clock.now()).toBe(1000)
  })

  it('tries once and no more when there is no time for retries', async () => {
    const { queue, sender, outcomes } = setUp()
    queue.push(delivery('1', { retrySeconds: 0 }))
    await sender.answer(failed)
    expect(outcomes).toEqual(['1 given_up'])
  })

  it('does not let an endpoint that hangs hold up another URL or another app', async () => {
    const { queue, sender, outcomes } = setUp()
    queue.push(delivery('hangs'))
    queue.push(delivery('other', { url: 'http://other.test/' }))
    queue.push({ ...delivery('app'), appId: 'other' })
    expect(sender.attempts).toEqual(['hangs', 'other', 'app'])
    await sender.answer(ok, 'other')
    await sender.answer(ok, 'app')
    expect(outcomes).toEqual(['other delivered', 'app delivered'])
    expect(queue.size).toBe(1)
  })

  it('refuses the newest when too many events wait for an endpoint, and counts them', async () => {
    const { queue, sender, outcomes, warnings } = setUp({ maxEvents: 10, maxBytes: Infinity })
    queue.push({ ...delivery('1'), events: 6 })
    queue.push({ ...delivery('2'), events: 4 })
    queue.push({ ...delivery('3'), events: 1 })
    queue.push({ ...delivery('4'), events: 1 })
    queue.push({ ...delivery('5', { url: 'http://other.test/' }), events: 1 })
    expect(outcomes).toEqual(['3 dropped', '4 dropped'])
    expect(warnings.map(({ message }) => message)).toEqual(['webhook queue full, new events are dropped'])
    await sender.answer(ok, '1')
    queue.push({ ...delivery('6'), events: 6 })
    await sender.answer(ok, '2')
    await sender.answer(ok, '6')
    expect(outcomes.slice(2)).toEqual(['1 delivered', '2 delivered', '6 delivered'])
  })

  it('bounds the bytes that wait, in UTF-8, but takes any one delivery', () => {
    const { queue, outcomes } = setUp({ maxEvents: Infinity, maxBytes: 5 })
    queue.push(delivery('ééé'))
    queue.push(delivery('2'))
    queue.push(delivery('ab', { url: 'http://other.test/' }))
    queue.push(delivery('éé', { url: 'http://other.test/' }))
    expect(outcomes).toEqual(['2 dropped', 'éé dropped'])
  })

  it('treats a sender that rejects as a failed attempt', async () => {
    const { clock, queue, sender, outcomes } = setUp()
    queue.push(delivery('1'))
    await sender.reject(new Error('broken'))
    await clock.moveToNext()
    await sender.answer(ok)
    expect(outcomes).toEqual(['1 retried', '1 delivered'])
  })

  it('goes on when a listener throws', async () => {
    const { queue, sender, outcomes, errors } = setUp()
    queue.onOutcome(() => {
      throw new Error('broken')
    })
    queue.push(delivery('1'))
    queue.push(delivery('2'))
    await sender.answer(ok)
    await sender.answer(ok)
    expect(outcomes).toEqual(['1 delivered', '2 delivered'])
    expect(errors).toHaveLength(2)
  })

  describe('close', () => {
    it('ends at once when nothing waits', async () => {
      const { clock, queue, sender } = setUp()
      await queue.close(1000)
      expect(sender.isClosed).toBe(true)
      expect(clock.pending).toBe(0)
    })

    it('tries everything once more without a pause, and counts what fails as dropped', async () => {
      const { clock, queue, sender, outcomes, warnings } = setUp()
      queue.push(delivery('1'))
      queue.push(delivery('2'))
      await sender.answer(failed)
      const closed = queue.close(1000)
      await sender.settle()
      expect(sender.attempts).toEqual(['1', '1'])
      await sender.answer(failed)
      await sender.answer(ok)
      await closed
      expect(outcomes).toEqual(['1 retried', '1 dropped', '2 delivered'])
      expect(warnings).toEqual([{ message: 'webhooks dropped at shutdown', deliveries: 1, events: 1 }])
      expect(sender.isClosed).toBe(true)
      expect(clock.pending).toBe(0)
    })

    it('gives an attempt that was under way one more', async () => {
      const { queue, sender, outcomes } = setUp()
      queue.push(delivery('1'))
      const closed = queue.close(1000)
      await sender.answer(failed)
      await sender.answer(ok)
      await closed
      expect(outcomes).toEqual(['1 retried', '1 delivered'])
    })

    it('drops what is left when its time is over, and leaves no timer', async () => {
      const { clock, queue, sender, outcomes } = setUp()
      queue.push(delivery('1'))
      queue.push(delivery('2'))
      queue.push(delivery('3', { url: 'http://other.test/' }))
      const closed = queue.close(1000)
      await sender.answer(ok, '3')
      clock.move(1000)
      await closed
      expect(outcomes).toEqual(['3 delivered', '1 dropped', '2 dropped'])
      expect(sender.isClosed).toBe(true)
      expect(clock.pending).toBe(0)
      expect(queue.size).toBe(0)
      await sender.answer(failed, '1')
      expect(outcomes).toHaveLength(3)
    })

    it('drops what is pushed afterwards', async () => {
      const { queue, outcomes } = setUp()
      const closed = queue.close(0)
      queue.push(delivery('late'))
      await closed
      expect(outcomes).toEqual(['late dropped'])
    })

    it('may be called twice', async () => {
      const { queue } = setUp()
      await Promise.all([queue.close(0), queue.close(0)])
    })
  })
})

describe('pauseMs', () => {
  it('grows with every failure until the cap, whatever the jitter', () => {
    for (let failures = 1; failures < 7; failures += 1) {
      expect(pauseMs(failures + 1, 1)).toBeGreaterThan(pauseMs(failures, 0))
    }
    expect(pauseMs(1000, 0)).toBe(30_000)
    expect(pauseMs(1000, 1)).toBe(22_500)
  })
})

const ok: Attempt = { ok: true }
const failed: Attempt = { ok: false, cause: 'status 500' }

/** Attempts wait until the test answers them. */
class FakeSender implements WebhookSender {
  readonly deliveries: WebhookDelivery[] = []
  isClosed = false
  readonly #open: {
    readonly body: string
    readonly resolve: (attempt: Attempt) => void
    readonly reject: (error: Error) => void
  }[] = []

  get attempts(): string[] {
    return this.deliveries.map(({ body }) => body)
  }

  send(one: WebhookDelivery): Promise<Attempt> {
    this.deliveries.push(one)
    return new Promise((resolve, reject) => this.#open.push({ body: one.body, resolve, reject }))
  }

  close(): void {
    this.isClosed = true
  }

  /** Answers the oldest open attempt, or the oldest of this body, and lets its consequences happen. */
  answer(attempt: Attempt, body?: string): Promise<void> {
    this.#take(body).resolve(attempt)
    return this.settle()
  }

  reject(error: Error): Promise<void> {
    this.#take().reject(error)
    return this.settle()
  }

  /** Promises that are due are settled when this one is: it takes a whole turn of the event loop. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  #take(body?: string) {
    const at = body === undefined ? 0 : this.#open.findIndex((attempt) => attempt.body === body)
    const [taken] = this.#open.splice(at, 1)
    if (taken === undefined) throw new Error('no attempt is open')
    return taken
  }
}

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
    this.#nowMs += byMs
    for (const timer of this.#timers) {
      if (timer.dueMs > this.#nowMs) continue
      this.#timers.delete(timer)
      timer.callback()
    }
  }

  /** Moves to the next timer and answers how far that was. */
  async moveToNext(): Promise<number> {
    const byMs = Math.min(...[...this.#timers].map(({ dueMs }) => dueMs)) - this.#nowMs
    this.move(byMs)
    await new Promise((resolve) => setImmediate(resolve))
    return byMs
  }
}

function delivery(body: string, changes: Partial<WebhookEndpoint> = {}): WebhookDelivery {
  const endpoint: WebhookEndpoint = {
    url: 'http://user:password@hooks.test/path?query',
    events: [],
    channelPrefix: '',
    headers: {},
    maxBatchEvents: 20,
    maxBatchWaitMs: 250,
    timeoutMs: 4000,
    retrySeconds: 300,
    ...changes,
  }
  return { appId: 'app', endpoint, headers: {}, body, events: 1 }
}

function setUp(limits?: LineLimits) {
  const clock = new ManualClock()
  const sender = new FakeSender()
  const outcomes: string[] = []
  const warnings: Readonly<Record<string, unknown>>[] = []
  const errors: unknown[] = []
  const log = {
    ...silentLogger,
    warn: (fields: object, message: string) => warnings.push({ message, ...fields }),
    error: (fields: object) => errors.push(fields),
  }
  const queue = new MemoryWebhookQueue(sender, clock, log, limits, () => 0)
  queue.onOutcome(({ body }, outcome) => outcomes.push(`${body} ${outcome}`))
  return { clock, sender, queue, outcomes, warnings, errors }
}
