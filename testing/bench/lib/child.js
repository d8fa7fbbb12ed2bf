import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { clearTimeout, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'

/** A process that does not answer within this time is not measured but given up. */
const ANSWER_WITHIN_MS = 30_000
const END_WITHIN_MS = 3000

/** Where `--profile` leaves the CPU profiles of server processes. */
const profiles = fileURLToPath(new URL('../../../.cache/bench/', import.meta.url))

/** @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, timer: NodeJS.Timeout }} Waiting */

/** One process of a benchmark, asked over IPC; see `serve.js` for its side. */
export class Child {
  #nextId = 0
  /** @type {Map<number, Waiting>} */
  #waiting = new Map()
  #process
  /** @type {Promise<void>} */
  #exited

  /** @param {URL} file @param {string[]} [nodeOptions] */
  constructor(file, nodeOptions = []) {
    this.#process = fork(file, { execArgv: nodeOptions })
    this.#process.on('message', (/** @type {any} */ answer) => this.#answered(answer))
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        for (const { reject, timer } of this.#waiting.values()) {
          clearTimeout(timer)
          reject(new Error(`${file.pathname} ended with ${String(code ?? signal)}`))
        }
        this.#waiting.clear()
        resolve()
      })
    })
  }

  /**
   * Calls a function of the process.
   * @param {string} call
   * @param {unknown[]} args
   * @returns {Promise<any>}
   */
  ask(call, ...args) {
    return new Promise((resolve, reject) => {
      const id = (this.#nextId += 1)
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`no answer to ${call} within ${String(ANSWER_WITHIN_MS)} ms`))
      }, ANSWER_WITHIN_MS)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#process.send({ id, call, args })
    })
  }

  /** @param {{ id: number, result?: unknown, error?: string }} answer */
  #answered({ id, result, error }) {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (error === undefined) waiting.resolve(result)
    else waiting.reject(new Error(error))
  }

  /** The process ends by itself when it is let go; one that hangs is killed. */
  async end() {
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_WITHIN_MS)
    await this.#exited
    clearTimeout(timer)
  }
}

/**
 * Runs `use` with a process for each file, and ends them all however it ends.
 * @template {Record<string, Child>} Children
 * @template Result
 * @param {Children} children
 * @param {(children: Children) => Promise<Result>} use
 */
export async function withChildren(children, use) {
  try {
    return await use(children)
  } finally {
    await Promise.all(Object.values(children).map((child) => child.end()))
  }
}

/** Node options of a server process, and its profile when `--profile` asks for one. @param {string} name */
export function serverOptions(name) {
  if (!process.argv.includes('--profile')) return []
  mkdirSync(profiles, { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`]
}
