import { Inbox } from './inbox.js'

/** One line of a log. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger for `createServer` that keeps every line of every level. */
export class RecordingLogger {
  readonly lines = new Inbox<LogLine>('log', textOf)

  readonly error = this.#log('error')
  readonly warn = this.#log('warn')
  readonly info = this.#log('info')
  readonly debug = this.#log('debug')
  readonly trace = this.#log('trace')

  /** Waits for a line whose text matches. */
  next(pattern: RegExp): Promise<LogLine> {
    return this.lines.next((line) => pattern.test(line.message), { what: `a line that matches ${pattern}` })
  }

  /** Lines whose text matches, taken or not. */
  matching(pattern: RegExp): LogLine[] {
    return this.lines.items.filter((line) => pattern.test(line.message))
  }

  /** Everything that was logged, with all fields, as text. */
  get text(): string {
    return this.lines.items.map(textOf).join('\n')
  }

  #log(level: LogLine['level']): (fields: LogLine['fields'], message: string) => void {
    return (fields, message) => {
      this.lines.push({ level, fields, message })
    }
  }
}

function textOf({ level, fields, message }: LogLine): string {
  const spelled = JSON.stringify(fields, (_, value: unknown) =>
    value instanceof Error ? `${value.stack ?? value.message} ${JSON.stringify(value)}` : value,
  )
  return `${level} ${message} ${spelled}`
}
