/** Where a text stops being JSON, and why; the text itself is never quoted, since it may hold secrets. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

class Fault extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message)
  }
}

const DEEPEST = 100
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE_CODE = 0x20
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const ESCAPE = /\\(["\\/bfnrt]|u[0-9A-Fa-f]{4})/y
const SPACE = /[ \t\n\r]*/y
const WORD = /true|false|null/y

/**
 * The first fault of a JSON text, or `null` when there is none. Stricter than `JSON.parse` in two ways: no key may
 * stand twice in an object, where the first would be lost in silence, and nothing may be nested more than 100 deep.
 */
export function findJsonFault(text: string): JsonFault | null {
  try {
    new Scanner(text).document()
    return null
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const before = text.slice(0, error.at).split('\n')
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, message: error.message }
  }
}

class Scanner {
  #at = 0

  constructor(private readonly text: string) {}

  document(): void {
    this.#value(0)
    if (this.#at < this.text.length) throw this.#fault('expected the end of the file')
  }

  #value(depth: number): void {
    if (depth > DEEPEST) throw this.#fault(`nested more than ${DEEPEST} deep`)
    this.#take(SPACE)
    const character = this.text[this.#at]
    if (character === '{') this.#object(depth)
    else if (character === '[') this.#list('[', ']', () => this.#value(depth + 1))
    else if (character === '"') this.#string('a string')
    else if (this.#take(NUMBER) === null && this.#take(WORD) === null) throw this.#fault('expected a value')
    this.#take(SPACE)
  }

  #object(depth: number): void {
    const keys = new Set<string>()
    this.#list('{', '}', () => {
      const at = this.#at
      const key = JSON.parse(this.#string('a name in double quotes')) as string
      if (keys.has(key)) throw new Fault(at, 'this name stands twice in the same object')
      keys.add(key)
      this.#take(SPACE)
      this.#expect(':')
      this.#value(depth + 1)
    })
  }

  /** Anything between brackets, separated by commas. */
  #list(open: string, close: string, item: () => void): void {
    this.#expect(open)
    this.#take(SPACE)
    if (this.text[this.#at] !== close) {
      for (;;) {
        item()
        this.#take(SPACE)
        if (this.text[this.#at] !== ',') break
        this.#at += 1
        this.#take(SPACE)
        if (this.text[this.#at] === close) throw this.#fault('no comma may stand before the end')
      }
    }
    if (this.text[this.#at] !== close) throw this.#fault(`expected , or ${close}`)
    this.#at += 1
  }

  /** Answers the string with its quotes. */
  #string(what: string): string {
    const from = this.#at
    this.#expect('"', what)
    for (;;) {
      const character = this.text.charCodeAt(this.#at)
      if (character === QUOTE) break
      if (character < SPACE_CODE) throw this.#fault('a string may not hold a line break or control character')
      if (character !== BACKSLASH && this.#at < this.text.length) this.#at += 1
      else if (this.#take(ESCAPE) === null) throw this.#fault('a string may not hold this escape')
    }
    this.#at += 1
    return this.text.slice(from, this.#at)
  }

  #expect(character: string, what = character): void {
    if (this.text[this.#at] !== character) throw this.#fault(`expected ${what}`)
    this.#at += 1
  }

  /** Moves behind what the (sticky) pattern finds here. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0] ?? null
    if (found !== null) this.#at += found.length
    return found
  }

  #fault(message: string): Fault {
    if (this.#at >= this.text.length) return new Fault(this.#at, 'the file ends too early')
    const isComment = this.text[this.#at] === '/' || this.text[this.#at] === '#'
    return new Fault(this.#at, isComment ? 'JSON has no comments' : message)
  }
}
