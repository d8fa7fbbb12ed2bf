/** Runs tasks of the same key one after another, in the order they were given; other keys do not wait for each other. */
export class Serial {
  readonly #tails = new Map<string, Promise<unknown>>()
  #idle: (() => void)[] = []

  /** Runs `task` when every earlier task of `key` has ended, however it ended. Rejects as the task does. */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key)
    const result = before === undefined ? task() : before.then(task)
    // The tail never rejects: a failure belongs to whoever awaits `result`.
    const tail: Promise<unknown> = result.then(
      () => {
        this.#ended(key, tail)
      },
      () => {
        this.#ended(key, tail)
      },
    )
    this.#tails.set(key, tail)
    return result
  }

  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }

  /** Resolves when the tasks of `key` given so far have ended. */
  async settled(key: string): Promise<void> {
    await this.#tails.get(key)
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    if (this.#tails.size === 0) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #ended(key: string, tail: Promise<unknown>): void {
    if (this.#tails.get(key) === tail) this.#tails.delete(key)
    if (this.#tails.size > 0) return
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }
}
