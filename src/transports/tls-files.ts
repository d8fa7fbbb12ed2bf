import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Logger } from '../log.js'

/** Certificate and key as `node:https` takes them. */
export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
}

/** How often the files are looked at. Polling sees replaced links and mounted volumes, which notifications miss. */
const POLL_MS = 1000

/** A certificate in two files that may be renewed while the server runs. */
export class TlsFiles {
  /** Kept, since without it other watchers of the same files would be ended as well. */
  #reload: (() => void) | null = null

  constructor(
    private readonly files: { readonly cert: string; readonly key: string },
    private readonly log: Logger,
  ) {}

  /** Reads and checks the pair. @throws when a file cannot be read or the two do not belong together */
  read(): TlsPair {
    const pair = { cert: readFileSync(this.files.cert), key: readFileSync(this.files.key) }
    createSecureContext(pair)
    return pair
  }

  /** Calls `onChange` with each new pair; one that cannot be used is logged, and the old one stays. */
  watch(onChange: (pair: TlsPair) => void): void {
    this.#reload = () => {
      try {
        onChange(this.read())
        this.log.info({ cert: this.files.cert }, 'certificate reloaded')
      } catch (error) {
        this.log.error(
          { cert: this.files.cert, err: error },
          'certificate not reloaded, the previous one stays in use',
        )
      }
    }
    for (const file of this.#watched())
      watchFile(file, { interval: POLL_MS, persistent: false }, this.#reload)
  }

  unwatch(): void {
    if (this.#reload === null) return
    for (const file of this.#watched()) unwatchFile(file, this.#reload)
  }

  #watched(): readonly string[] {
    return [this.files.cert, this.files.key]
  }
}
