import type { RawClient, RawClientOptions } from './raw-client.js'
import { app1, type TestServer } from './test-server.js'

/** Many clients, closed together with `await using`. */
export interface Crowd extends AsyncDisposable, Iterable<RawClient> {
  readonly clients: readonly RawClient[]
  /** The client at this place. */
  at(index: number): RawClient
}

/** So many handshakes at a time: a busy machine would not answer more of them within the time that each may take. */
const AT_ONCE = 100

/** Connects that many raw clients. */
export async function connectCrowd(
  server: TestServer,
  count: number,
  key: string = app1.key,
  options: RawClientOptions = {},
): Promise<Crowd> {
  const clients: RawClient[] = []
  while (clients.length < count) {
    const length = Math.min(AT_ONCE, count - clients.length)
    clients.push(...(await Promise.all(Array.from({ length }, () => server.connect(key, options)))))
  }
  return {
    clients,
    at(index) {
      const client = clients.at(index)
      if (client === undefined) throw new RangeError(`a crowd of ${count} has no client ${index}`)
      return client
    },
    [Symbol.iterator]: () => clients[Symbol.iterator](),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
    },
  }
}
