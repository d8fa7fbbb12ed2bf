/** Called when an observer throws; must not throw itself. */
export type ObserverFailure = (error: unknown) => void

/**
 * One stream of values for any number of observers. An observer that throws never disturbs the emitter or the other
 * observers: its failure goes to the one reporter.
 */
export class Emitter<Value> {
  #observers: ((value: Value) => void)[] = []
  readonly #onFailure: ObserverFailure

  constructor(onFailure: ObserverFailure) {
    this.#onFailure = onFailure
  }

  /** Adds an observer; the answer removes it. */
  observe(observer: (value: Value) => void): () => void {
    this.#observers = [...this.#observers, observer]
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer)
    }
  }

  emit(value: Value): void {
    for (const observer of this.#observers) {
      try {
        observer(value)
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }
}
