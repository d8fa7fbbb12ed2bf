import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AppCredentials, ChannelAuthorization } from './auth.js'
import type { ClientTarget } from './clients.js'
import { masterKeyBase64 } from './clients.js'
import { environment } from './environment.js'
import { app1 } from './test-server.js'

/** What the installed library is and can do. */
export interface PhpSdkVersion {
  readonly major: number
  readonly version: string
  readonly php: string
  /** Calls of the driver that this major supports. */
  readonly calls: readonly string[]
}

/** The library, or the driver, threw. */
export class PhpError extends Error {
  /** Class of the PHP exception. */
  readonly className: string
  /** HTTP status, where the server refused. */
  readonly status: number | null

  constructor(call: string, { class: className, message, status }: PhpFailure) {
    super(`${call}: ${className}: ${message}`)
    this.name = 'PhpError'
    this.className = className
    this.status = status
  }
}

interface PhpFailure {
  readonly class: string
  readonly message: string
  readonly status: number | null
}

type PhpAnswer = { readonly id: number } & (
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: PhpFailure }
)

interface PendingCall {
  readonly call: string
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** How the library is told to reach a server. */
export interface PhpSdkOptions {
  readonly appId: string
  readonly key: string
  readonly secret: string
  readonly host: string
  readonly port: number
  readonly scheme: 'http' | 'https'
  readonly path?: string
  readonly encryptionMasterKeyBase64?: string
}

const CALL_TIMEOUT_MS = 5_000
const driver = fileURLToPath(new URL('../../clients/pusher-php/driver.php', import.meta.url))

/** The official PHP library in a PHP process of its own; needs the requirement `phpSdk`. */
export class PhpClient {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #options: PhpSdkOptions
  readonly #pending = new Map<number, PendingCall>()
  readonly #exited: Promise<void>
  #lastId = 0
  #stderr = ''
  #exit: string | undefined

  /** Starts PHP; the library signs for `app` and talks to `target`. */
  constructor(target: ClientTarget, app: AppCredentials = app1, options: Partial<PhpSdkOptions> = {}) {
    const { path: php = 'php' } = environment.php
    const { vendorDir = '' } = environment.phpSdk
    const credentials = {
      appId: app.id,
      key: app.key,
      secret: app.secret,
      encryptionMasterKeyBase64: masterKeyBase64,
    }
    this.#options = { ...credentials, host: '127.0.0.1', port: target.port, scheme: 'http', ...options }
    this.#process = spawn(php, [driver], { env: { ...process.env, PUSHER_PHP_VENDOR: vendorDir } })
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000)
    })
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#answer(line)
    })
    this.#process.stdin.on('error', () => undefined) // the exit tells more
    this.#exited = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#exit = reason
        for (const id of this.#pending.keys()) this.#settle(id)?.reject(this.#failure('PHP ended'))
        resolve()
      }
      this.#process.once('error', (error) => {
        end(error.message)
      })
      this.#process.once('close', (code, signal) => {
        end(`exit ${signal ?? code ?? ''}`)
      })
    })
  }

  version(): Promise<PhpSdkVersion> {
    return this.call('version') as Promise<PhpSdkVersion>
  }

  /** The auth answer of `authorizeChannel`, or of its older names. */
  async authorizeChannel(
    channel: string,
    socketId: string,
    customData?: string,
  ): Promise<ChannelAuthorization> {
    const text = await this.call('authorizeChannel', { channel, socketId, customData })
    return JSON.parse(text as string) as ChannelAuthorization
  }

  /** The auth answer of `authorizePresenceChannel`, or of its older names. */
  async authorizePresenceChannel(
    channel: string,
    socketId: string,
    userId: string,
    userInfo?: unknown,
  ): Promise<ChannelAuthorization> {
    const text = await this.call('authorizePresenceChannel', { channel, socketId, userId, userInfo })
    return JSON.parse(text as string) as ChannelAuthorization
  }

  trigger(
    channels: string | readonly string[],
    event: string,
    data: unknown,
    more: { readonly params?: Readonly<Record<string, unknown>>; readonly alreadyEncoded?: boolean } = {},
  ): Promise<unknown> {
    return this.call('trigger', { channels, event, data, ...more })
  }

  triggerBatch(batch: readonly Readonly<Record<string, unknown>>[]): Promise<unknown> {
    return this.call('triggerBatch', { batch })
  }

  /**
   * Makes one call of the driver.
   *
   * @throws PhpError when the library throws, or when its major lacks the call.
   */
  call(call: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#exit !== undefined) return Promise.reject(this.#failure('PHP is not running'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id)?.reject(this.#failure(`${call} had no answer within ${CALL_TIMEOUT_MS} ms`))
      }, CALL_TIMEOUT_MS)
      this.#pending.set(id, { call, resolve, reject, timer })
      this.#process.stdin.write(`${JSON.stringify({ id, call, args, options: this.#options })}\n`)
    })
  }

  #answer(line: string): void {
    let answer: PhpAnswer
    try {
      answer = JSON.parse(line) as PhpAnswer
    } catch {
      this.#stderr += `stdout: ${line}\n`
      return
    }
    const pending = this.#settle(answer.id)
    if (pending === undefined) return
    if (answer.ok) pending.resolve(answer.result)
    else pending.reject(new PhpError(pending.call, answer.error))
  }

  #settle(id: number): PendingCall | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    clearTimeout(pending?.timer)
    return pending
  }

  #failure(what: string): Error {
    return new Error(`${what}${this.#exit === undefined ? '' : ` (${this.#exit})`}; stderr:\n${this.#stderr}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) this.#process.stdin.end()
    const guard = setTimeout(() => this.#process.kill('SIGKILL'), 1_000)
    await this.#exited
    clearTimeout(guard)
  }
}
