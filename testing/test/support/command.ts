import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Inbox, type WaitOptions } from './inbox.js'

/** The file that `pogo` runs. */
export const commandFile = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** How long a start may take on a busy machine. */
const START_TIMEOUT_MS = 10_000

/** How a process is called. */
export interface CommandOptions {
  readonly cwd?: string
  /** Added to an environment without any of the server's variables. */
  readonly env?: Readonly<Record<string, string>>
  /** Program and arguments put before the command; by default Node. */
  readonly through?: readonly string[]
}

/** The first line of `--json`. */
export interface ReadyLine {
  readonly event: string
  readonly url: string
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly apps: readonly unknown[]
  readonly playgroundUrl: string | null
  readonly metricsUrl: string | null
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A `pogo` process of its own, with a pipe on each of its streams. */
export class Command {
  readonly process: ChildProcess
  /** Lines of stdout. */
  readonly lines = new Inbox<string>('stdout of the command', String)
  stdout = ''
  stderr = ''
  readonly #ended: Promise<Exit>

  constructor(args: readonly string[], { cwd, env = {}, through = [process.execPath] }: CommandOptions = {}) {
    const [program = '', ...before] = through
    const child = spawn(program, [...before, commandFile, ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...cleanEnv(), ...env },
      stdio: 'pipe',
    })
    this.process = child
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.lines.push(line)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.lines.end(`the command ended (${String(code ?? signal)}): ${this.stderr}`)
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  /** Runs it to its end. */
  static async run(args: readonly string[], options: CommandOptions = {}): Promise<Exit> {
    await using command = new Command(args, options)
    return await command.ended()
  }

  /** Starts a server and waits for its ready line. */
  static async serve(args: readonly string[], options: CommandOptions = {}): Promise<ServingCommand> {
    const command = new Command(['start', '--json', '--port', '0', ...args], options)
    try {
      const line = await command.line((text) => text.startsWith('{'))
      return Object.assign(command, { ready: JSON.parse(line) as ReadyLine })
    } catch (error) {
      await command[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The next line of stdout that passes. */
  line(matches: (line: string) => boolean, options: WaitOptions = {}): Promise<string> {
    return this.lines.next(matches, { timeoutMs: START_TIMEOUT_MS, what: 'a line of stdout', ...options })
  }

  /** The end of the process and of all its streams, also those that its children hold. */
  async ended(timeoutMs = START_TIMEOUT_MS): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the command did not end within ${timeoutMs} ms\n${this.stdout}\n${this.stderr}`))
      }, timeoutMs)
    })
    return Promise.race([this.#ended, timeout]).finally(() => clearTimeout(timer))
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended()
  }
}

/** A command that serves. */
export type ServingCommand = Command & { readonly ready: ReadyLine }

function cleanEnv(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(POGO_|WS_APP_)/.test(name))
  return Object.fromEntries(entries)
}
