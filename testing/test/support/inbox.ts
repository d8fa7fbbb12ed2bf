/** How long a wait of the tests takes at most before it fails and says what it saw. */
export const DEFAULT_TIMEOUT_MS = 2_000

/** Options of every wait. */
export interface WaitOptions {
  readonly timeoutMs?: number
  /** Names what is awaited in the failure text. */
  readonly what?: string
}

interface Waiter<T> {
  readonly matches: (item: T) => boolean
  readonly resolve: (item: T) => void
  readonly giveUp: (reason: string) => void
}

/**
 * Things that happened, in order, which a test takes one by one.
 *
 * Each item is handed out once: `next()` answers the first matching item that nobody has taken, whether it came before the
 * call or comes later. A wait that fails lists everything seen so far.
 */
export class Inbox<T> {
  readonly #title: string
  readonly #describe: (item: T) => string
  readonly #items: T[] = []
  readonly #taken = new Set<number>()
  readonly #waiters = new Set<Waiter<T>>()
  #endReason: string | undefined

  constructor(title: string, describe: (item: T) => string) {
    this.#title = title
    this.#describe = describe
  }

  /** Everything seen, taken or not, in order of arrival. */
  get items(): readonly T[] {
    return this.#items
  }

  push(item: T): void {
    this.#items.push(item)
    for (const waiter of this.#waiters) {
      if (waiter.matches(item)) {
        this.#taken.add(this.#items.length - 1)
        waiter.resolve(item)
        return
      }
    }
  }

  /** Says that nothing will follow: waits that are still open, and later ones without a match, fail at once. */
  end(reason: string): void {
    this.#endReason ??= reason
    for (const waiter of [...this.#waiters]) waiter.giveUp(reason)
  }

  /** Matching items that no test has taken. */
  untaken(matches: (item: T) => boolean): T[] {
    return this.#items.filter((item, index) => !this.#taken.has(index) && matches(item))
  }

  /** Takes the first matching item that is already here. */
  take(matches: (item: T) => boolean): { readonly item: T } | undefined {
    const index = this.#items.findIndex((item, index) => !this.#taken.has(index) && matches(item))
    if (index === -1) return undefined
    this.#taken.add(index)
    return { item: this.#items[index] as T } // in a box, for an item may be undefined
  }

  /** Takes the first matching item, waiting for it when need be. */
  next(matches: (item: T) => boolean, options: WaitOptions = {}): Promise<T> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, what = 'a matching item' } = options
    const error = new Error() // made here, so that its stack leads to the test
    return new Promise<T>((resolve, reject) => {
      const here = this.take(matches)
      if (here !== undefined) {
        resolve(here.item)
        return
      }
      const fail = (reason: string): void => {
        error.message = `${this.#title}: waited for ${what}, but ${reason}\n${this.summary()}`
        reject(error)
      }
      if (this.#endReason !== undefined) {
        fail(this.#endReason)
        return
      }
      const leave = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter<T> = {
        matches,
        resolve: (item) => {
          leave()
          resolve(item)
        },
        giveUp: (reason) => {
          leave()
          fail(reason)
        },
      }
      const timer = setTimeout(() => {
        waiter.giveUp(`nothing came within ${timeoutMs} ms`)
      }, timeoutMs)
      this.#waiters.add(waiter)
    })
  }

  /** Takes `count` matching items. */
  async nextMany(matches: (item: T) => boolean, count: number, options: WaitOptions = {}): Promise<T[]> {
    const items: T[] = []
    while (items.length < count) items.push(await this.next(matches, options))
    return items
  }

  /** All items as text, one line each; for failure texts. */
  summary(): string {
    if (this.#items.length === 0) return 'Seen so far: nothing'
    const lines = this.#items.map((item, index) => {
      const text = this.#describe(item)
      const short = text.length > 500 ? `${text.slice(0, 500)}… (${text.length} characters)` : text
      return `  ${index + 1}. ${this.#taken.has(index) ? '(taken) ' : ''}${short}`
    })
    const hidden = Math.max(0, lines.length - 60)
    const head = hidden > 0 ? [`  … ${hidden} earlier`] : []
    return [`Seen so far (${lines.length}):`, ...head, ...lines.slice(hidden)].join('\n')
  }
}
