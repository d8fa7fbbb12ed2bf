import type { AppManager } from '../contracts.js'
import type { App } from './app.js'

/** The apps of the configuration. */
export class ConfigApps implements AppManager {
  readonly #byId = new Map<string, App>()
  readonly #byKey = new Map<string, App>()

  constructor(apps: readonly App[]) {
    for (const app of apps) {
      this.#byId.set(app.id, app)
      for (const { key } of app.tokens) this.#byKey.set(key, app)
    }
  }

  findById(id: string): Promise<App | null> {
    return Promise.resolve(this.#byId.get(id) ?? null)
  }

  findByKey(key: string): Promise<App | null> {
    return Promise.resolve(this.#byKey.get(key) ?? null)
  }
}
