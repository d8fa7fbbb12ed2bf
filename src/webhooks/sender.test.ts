import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { generate } from 'selfsigned'
import { describe, expect, it } from 'vitest'
import type { WebhookEndpoint } from '../apps/app.js'
import { systemClock, type Clock } from '../clock.js'
import type { WebhookDelivery } from '../contracts.js'
import { silentLogger } from '../log.js'
import { MemoryWebhookQueue } from './queue.js'
import { HttpSender, originOf } from './sender.js'

describe('HttpSender', () => {
  it('posts exactly the body and the headers of the delivery', async () => {
    await using receiver = await Receiver.start()
    const body = '{"text":"grüße 🎉"}'
    const headers = { 'Content-Type': 'application/json', 'X-Pusher-Key': 'key' }
    await using sender = senderFor()
    expect(await sender.send({ ...delivery(`${receiver.url}/hooks?a=1`), body, headers })).toEqual({
      ok: true,
    })
    const [request] = receiver.requests
    expect(request?.head).toBe('POST /hooks?a=1')
    expect(request?.body).toEqual(Buffer.from(body))
    expect(request?.rawHeaders).toEqual([
      ...['User-Agent', 'pogo-websocket', 'Content-Type', 'application/json', 'X-Pusher-Key', 'key'],
      ...['Content-Length', String(Buffer.byteLength(body))],
      ...['Host', new URL(receiver.url).host, 'Connection', 'keep-alive'],
    ])
  })

  it('takes credentials from the URL', async () => {
    await using receiver = await Receiver.start()
    await using sender = senderFor()
    await sender.send(delivery(receiver.url.replace('//', '//user:pass@')))
    expect(receiver.requests[0]?.rawHeaders).toContain(`Basic ${Buffer.from('user:pass').toString('base64')}`)
  })

  it.each([200, 201, 202, 204, 299])('takes status %i for success', async (status) => {
    await using receiver = await Receiver.start((_, response) => response.writeHead(status).end())
    await using sender = senderFor()
    expect(await sender.send(delivery(receiver.url))).toEqual({ ok: true })
  })

  it.each([301, 302, 307, 304, 400, 404, 410, 500, 503])(
    'takes status %i for a failure and follows nothing',
    async (status) => {
      await using receiver = await Receiver.start((_, response) => {
        response.writeHead(status, { Location: '/elsewhere' }).end()
      })
      await using sender = senderFor()
      expect(await sender.send(delivery(receiver.url))).toEqual({ ok: false, cause: `status ${status}` })
      expect(receiver.requests).toHaveLength(1)
    },
  )

  it('fails when nobody listens', async () => {
    const receiver = await Receiver.start()
    await receiver[Symbol.asyncDispose]()
    await using sender = senderFor()
    expect(await sender.send(delivery(receiver.url))).toEqual({ ok: false, cause: 'ECONNREFUSED' })
  })

  it('fails when the connection is cut without an answer', async () => {
    await using receiver = await Receiver.start((request) => request.socket.destroy())
    await using sender = senderFor()
    expect(await sender.send(delivery(receiver.url))).toEqual({ ok: false, cause: 'ECONNRESET' })
  })

  it('fails when the receiver cannot prove who it is', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
    await using receiver = await Receiver.start(() => undefined, https.createServer({ key, cert }))
    await using sender = senderFor()
    const attempt = await sender.send(delivery(receiver.url))
    expect(attempt).toEqual({ ok: false, cause: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it.each(['not a url', 'ftp://127.0.0.1/', ''])('fails for the URL %j instead of throwing', async (url) => {
    await using sender = senderFor()
    expect(await sender.send(delivery(url))).toMatchObject({ ok: false })
  })

  it('fails for a header that cannot be sent instead of throwing', async () => {
    await using sender = senderFor()
    const headers = { 'X-Own': 'line\nfeed' }
    expect(await sender.send({ ...delivery('http://127.0.0.1/'), headers })).toEqual({
      ok: false,
      cause: 'ERR_INVALID_CHAR',
    })
  })

  it('hangs up on a receiver that does not answer in time', async () => {
    await using receiver = await Receiver.start(() => undefined)
    const clock = new OneTimerClock()
    await using sender = senderFor(clock)
    const attempt = sender.send(delivery(receiver.url))
    await receiver.requested(1)
    expect(clock.delayMs).toBe(4000)
    clock.fire()
    expect(await attempt).toEqual({ ok: false, cause: 'no answer within 4000 ms' })
    await receiver.hasNoConnection()
  })

  it('takes the status for the answer when its body does not end in time', async () => {
    await using receiver = await Receiver.start((_, response) => response.writeHead(200).write('begin'))
    await using sender = senderFor()
    expect(await sender.send(delivery(receiver.url, 300))).toEqual({ ok: true })
    await receiver.hasNoConnection()
  })

  it('hangs up on an answer that is too long to be read', async () => {
    await using receiver = await Receiver.start((_, response) => {
      response.writeHead(200)
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      }
      response.on('drain', write)
      write()
    })
    await using sender = senderFor()
    expect(await sender.send(delivery(receiver.url, 60_000))).toEqual({ ok: true })
    await receiver.hasNoConnection()
  })

  it('uses a connection again', async () => {
    await using receiver = await Receiver.start((_, response) => response.end('some answer'))
    await using sender = senderFor()
    await sender.send(delivery(receiver.url))
    await sender.send(delivery(receiver.url))
    expect(receiver.connections).toBe(1)
  })

  it('takes a fresh connection when the kept one was closed in the moment of use', async () => {
    const seen = new WeakSet<Socket>()
    await using receiver = await Receiver.start(({ socket }, response) => {
      if (seen.has(socket)) socket.destroy()
      else response.end()
      seen.add(socket)
    })
    await using sender = senderFor()
    await sender.send(delivery(receiver.url))
    expect(await sender.send(delivery(receiver.url))).toEqual({ ok: true })
    expect(receiver.connections).toBe(2)
  })

  it('leaves no connection when it is closed, and makes none afterwards', async () => {
    await using receiver = await Receiver.start((request, response) => {
      if (request.url === '/answers') response.end()
    })
    const sender = new HttpSender(systemClock)
    await sender.send(delivery(`${receiver.url}/answers`))
    const hanging = sender.send(delivery(receiver.url))
    await receiver.requested(2)
    sender.close()
    const ended = { ok: false, cause: 'the server is shutting down' }
    expect(await hanging).toEqual(ended)
    await receiver.hasNoConnection()
    expect(await sender.send(delivery(receiver.url))).toEqual(ended)
    expect(receiver.requests).toHaveLength(2)
  })

  it('serves the queue: a receiver that hangs delays nobody, and the end leaves no connection', async () => {
    await using hanging = await Receiver.start(() => undefined)
    await using failing = await Receiver.start((_, response) => {
      response.writeHead(failing.requests.length < 3 ? 500 : 200).end()
    })
    const queue = new MemoryWebhookQueue(new HttpSender(systemClock), systemClock, silentLogger)
    const outcomes: string[] = []
    const delivered = new Promise<void>((resolve) => {
      queue.onOutcome(({ endpoint }, outcome) => {
        outcomes.push(`${endpoint.url === hanging.url ? 'hanging' : 'failing'} ${outcome}`)
        if (outcome === 'delivered') resolve()
      })
    })
    queue.push(delivery(hanging.url))
    queue.push({ ...delivery(failing.url), body: '{"n":1}', headers: { 'X-Pusher-Signature': 'same' } })
    await delivered
    expect(outcomes).toEqual(['failing retried', 'failing retried', 'failing delivered'])
    expect(new Set(failing.requests.map(({ body }) => body.toString()))).toEqual(new Set(['{"n":1}']))
    await queue.close(50)
    expect(outcomes.at(-1)).toBe('hanging dropped')
    await hanging.hasNoConnection()
    await failing.hasNoConnection()
  })
})

describe('originOf', () => {
  it('shows neither credentials nor path nor query', () => {
    expect(originOf('https://user:secret@hooks.test:8443/path?token=secret')).toBe('https://hooks.test:8443')
    expect(originOf('secret')).toBe('invalid URL')
  })
})

/** A receiver on the loopback that records requests and answers each as told; `undefined` answers hang. */
class Receiver implements AsyncDisposable {
  readonly requests: { head: string; rawHeaders: readonly string[]; body: Buffer }[] = []
  connections = 0
  readonly #open = new Set<Socket>()
  #changed = (): void => undefined

  private constructor(
    readonly url: string,
    private readonly server: http.Server | https.Server,
  ) {}

  static async start(
    answer: (request: http.IncomingMessage, response: http.ServerResponse) => unknown = (_, response) =>
      response.end(),
    server: http.Server | https.Server = http.createServer(),
  ): Promise<Receiver> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const scheme = server instanceof https.Server ? 'https' : 'http'
    const { port } = server.address() as AddressInfo
    const receiver = new Receiver(`${scheme}://127.0.0.1:${port}`, server)
    server.on('connection', (socket: Socket) => receiver.#watch(socket))
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const head = `${request.method ?? ''} ${request.url ?? ''}`
        receiver.requests.push({ head, rawHeaders: request.rawHeaders, body: Buffer.concat(chunks) })
        answer(request, response)
        receiver.#changed()
      })
    })
    return receiver
  }

  requested(count: number): Promise<void> {
    return this.#until(() => this.requests.length >= count)
  }

  hasNoConnection(): Promise<void> {
    return this.#until(() => this.#open.size === 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.#open) socket.destroy()
    await closed
  }

  #watch(socket: Socket): void {
    this.connections += 1
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#open.delete(socket)
      this.#changed()
    })
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }
}

/** Its timer fires when the test says so. */
class OneTimerClock implements Clock {
  delayMs: number | null = null
  #callback = (): void => undefined

  now(): number {
    return 0
  }

  elapsed(): number {
    return this.now()
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    this.delayMs = delayMs
    this.#callback = callback
    return { cancel: () => (this.#callback = () => undefined) }
  }

  fire(): void {
    this.#callback()
  }
}

function senderFor(clock: Clock = systemClock): HttpSender & AsyncDisposable {
  const sender = new HttpSender(clock)
  return Object.assign(sender, { [Symbol.asyncDispose]: async () => sender.close() })
}

function delivery(url: string, timeoutMs = 4000): WebhookDelivery {
  const endpoint: WebhookEndpoint = {
    url,
    events: [],
    channelPrefix: '',
    headers: {},
    maxBatchEvents: 20,
    maxBatchWaitMs: 250,
    timeoutMs,
    retrySeconds: 300,
  }
  return { appId: 'app', endpoint, headers: {}, body: '{}', events: 1 }
}
