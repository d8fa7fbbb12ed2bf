// The log of what happened: newest below, capped, drawn once per frame however much arrives.

const MAX_ENTRIES = 500
const kinds = { received: 'received', sent: 'sent', note: 'note', problem: 'problem' }

/**
 * @typedef {object} Entry
 * @property {keyof typeof kinds} kind
 * @property {string} [channel]
 * @property {string} name an event, or what happened in words
 * @property {string} [data] JSON text
 */

/** A row per entry; rows with data can be opened. */
export class EventLog {
  #waiting = []
  #received = 0
  #sent = 0
  #isScheduled = false

  /** @param {{ list: HTMLElement, scroll: HTMLElement, empty: HTMLElement, count: HTMLElement }} elements */
  constructor(elements) {
    this.elements = elements
    this.#show()
  }

  /** @param {Entry} entry */
  add(entry) {
    this.#waiting.push({ ...entry, time: new Date() })
    if (entry.kind === 'received') this.#received += 1
    if (entry.kind === 'sent') this.#sent += 1
    if (this.#waiting.length > MAX_ENTRIES) this.#waiting.shift() // nothing is drawn while the tab is hidden
    if (this.#isScheduled) return
    this.#isScheduled = true
    window.requestAnimationFrame(() => {
      this.#isScheduled = false
      this.#draw()
    })
  }

  clear() {
    this.#waiting = []
    this.#received = 0
    this.#sent = 0
    this.elements.list.replaceChildren()
    this.#show()
  }

  #draw() {
    const { list, scroll } = this.elements
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 30
    list.append(...this.#waiting.map(row))
    this.#waiting = []
    while (list.children.length > MAX_ENTRIES) list.firstElementChild?.remove()
    this.#show()
    if (isAtEnd) scroll.scrollTop = scroll.scrollHeight
  }

  #show() {
    const { list, empty, count } = this.elements
    empty.hidden = this.#received + this.#sent > 0
    const kept = list.children.length === MAX_ENTRIES ? `, the last ${MAX_ENTRIES} rows are kept` : ''
    count.textContent = this.#received === 0 ? '' : `${this.#received} received${kept}`
  }
}

function row({ kind, channel = '', name, data, time }) {
  const item = element('li', kind)
  const cells = [
    element('time', '', clock(time)),
    element('span', 'channel', channel),
    element('span', 'name', name),
  ]
  cells[2].prepend(element('span', 'hidden', `${kinds[kind]}: `))
  if (data === undefined) {
    const line = element('div', 'line')
    line.append(...cells)
    item.append(line)
    return item
  }
  const details = element('details')
  const line = element('summary', 'line')
  line.append(...cells, element('code', 'data', data.slice(0, 300)))
  const text = element('pre')
  details.addEventListener('toggle', () => {
    text.textContent = printed(data)
  })
  details.append(line, text)
  item.append(details)
  return item
}

function element(tag, className = '', text = '') {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}

const clock = (time) =>
  time.toTimeString().slice(0, 8) + '.' + String(time.getMilliseconds()).padStart(3, '0')

function printed(data) {
  try {
    return JSON.stringify(JSON.parse(data), null, 2)
  } catch {
    return data // a string that is no JSON is shown as it came
  }
}
