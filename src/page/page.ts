import type { AppHub } from '../hub/app-hub.js'
import type { Hub } from '../hub/hub.js'
import { asset, assetTypes, document } from './assets.js'
import { authorize } from './authorize.js'
import { Guard, type GuardOptions } from './guard.js'
import { json, refused, type PageRequest, type PageResponse } from './message.js'
import { publish } from './publish.js'

/** What the page shows, and who may see it. */
export interface PageOptions extends GuardOptions {
  readonly apps: readonly { readonly id: string; readonly key: string }[]
  readonly hub: Hub
}

interface Route {
  readonly methods: readonly string[]
  readonly answer: (request: PageRequest) => Promise<PageResponse>
}

const reading = ['GET', 'HEAD']

/** The page at `/`: connection settings, and a panel that subscribes and publishes. */
export class Page {
  readonly #guard: Guard
  readonly #routes: ReadonlyMap<string, Route>

  constructor(private readonly options: PageOptions) {
    this.#guard = new Guard(options)
    const findApp = (id: unknown): Promise<AppHub | null> => this.#findApp(id)
    const files = [...assetTypes].map(
      ([name, type]) =>
        [`/playground/${name}`, { methods: reading, answer: () => asset(name, type) }] as const,
    )
    this.#routes = new Map<string, Route>([
      ['/', { methods: reading, answer: () => document(options.path) }],
      ...files,
      ['/playground/settings.json', { methods: reading, answer: async () => json(this.#settings()) }],
      ['/playground/auth', { methods: ['POST'], answer: (request) => authorize(findApp, request) }],
      ['/playground/publish', { methods: ['POST'], answer: (request) => publish(findApp, request) }],
    ])
  }

  /** Answers requests to the page; `null` when the path is none of its own. */
  async handle(request: PageRequest): Promise<PageResponse | null> {
    const route = this.#routes.get(request.path)
    if (route === undefined) return null
    const refusal = this.#guard.check(request)
    if (refusal !== null) return refusal
    if (!route.methods.includes(request.method)) {
      const allowed = route.methods.join(', ')
      return refused(405, `${request.method} is not possible here, only ${allowed}`, { Allow: allowed })
    }
    return route.answer(request)
  }

  /** Named one by one: the apps have secrets, which stay here. */
  #settings(): unknown {
    return { apps: this.options.apps.map(({ id, key }) => ({ id, key })) }
  }

  async #findApp(id: unknown): Promise<AppHub | null> {
    const known = this.options.apps.find((app) => app.id === id)
    return known === undefined ? null : this.options.hub.appHub(known.id)
  }
}
