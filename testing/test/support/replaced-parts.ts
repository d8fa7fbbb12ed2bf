import { createLocalAdapter } from 'pogo-websocket/adapters'
import type { Adapter, Broker, Store } from 'pogo-websocket/contracts'

/** Holds every call that passes through it until it is opened. */
export class Gate {
  /** Resolves when the first call is held. */
  readonly reached: Promise<void>
  readonly #opened: Promise<void>
  #reach: () => void = () => undefined
  #open: () => void = () => undefined

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve))
    this.#opened = new Promise((resolve) => (this.#open = resolve))
  }

  pass(): Promise<void> {
    this.#reach()
    return this.#opened
  }

  open(): void {
    this.#open()
  }
}

/** Makes methods that take the place of some; they get the part itself to go on with. */
export interface Replacements {
  readonly broker?: (broker: Broker) => Partial<Broker>
  readonly store?: (store: Store) => Partial<Store>
  readonly close?: () => Promise<void>
}

/** An adapter in memory of which single calls are slow or fail. */
export function adapterWith({ broker, store, close }: Replacements): Adapter {
  const local = createLocalAdapter()
  return {
    broker: replace(local.broker, broker?.(local.broker) ?? {}),
    store: replace(local.store, store?.(local.store) ?? {}),
    health: () => local.health(),
    close: close ?? (() => local.close()),
  }
}

function replace<Part extends object>(part: Part, methods: Partial<Part>): Part {
  return new Proxy(part, {
    get(target, name) {
      const method = (Reflect.get(methods, name) ?? Reflect.get(target, name)) as () => unknown
      return method.bind(target)
    },
  })
}
