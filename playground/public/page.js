import { EventLog } from './event-log.js'
import { channelHint, post, Session, subscribeProblem } from './session.js'
import { serverAddress, snippets } from './snippets.js'

const $ = (id) => document.getElementById(id)
const address = serverAddress(location, document.baseURI)
/** This page as a member of presence channels; another one each time it is loaded. */
const member = `page-${Array.from(window.crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
const log = new EventLog({ list: $('log'), scroll: $('scroll'), empty: $('empty'), count: $('event-count') })
/** @type {Session | null} */
let session = null

function showProblem(words) {
  $('problem').textContent = words
  $('problem').hidden = words === ''
}

function showSubscriptions() {
  const items = [...(session?.subscriptions ?? [])].map(([name, state]) => {
    const item = document.createElement('li')
    const code = document.createElement('code')
    const words = document.createElement('span')
    const leave = document.createElement('button')
    code.textContent = name
    words.textContent = state
    words.className = state.startsWith('refused') ? 'state error' : 'state'
    leave.type = 'button'
    leave.textContent = 'Leave'
    leave.setAttribute('aria-label', `Leave ${name}`)
    leave.addEventListener('click', () => {
      session?.unsubscribe(name)
      log.add({ kind: 'note', channel: name, name: 'left' })
      $('subscribe-channel').focus()
    })
    item.append(code, words, leave)
    return item
  })
  $('subscriptions').replaceChildren(...items)
  const names = [...(session?.subscriptions.keys() ?? [])]
  $('channels').replaceChildren(
    ...names.map((name) => Object.assign(document.createElement('option'), { value: name })),
  )
}

function open(app) {
  session?.close()
  showProblem('')
  session = null
  session = new Session(app, address, member, {
    state(state, words) {
      $('connection').dataset.state = state
      $('connection').textContent = words
      $('toggle').textContent = ['disconnected', 'failed'].includes(state) ? 'Connect' : 'Disconnect'
      if (state === 'connected') showProblem('')
    },
    entry: (entry) => log.add(entry),
    problem: showProblem,
    subscriptions: showSubscriptions,
  })
  showSubscriptions()
  showSnippets(snippets(address, app))
}

function showSnippets(all) {
  const tabs = all.map(({ id, title, text }) => {
    const tab = document.createElement('button')
    Object.assign(tab, { type: 'button', id: `tab-${id}`, textContent: title })
    tab.setAttribute('role', 'tab')
    tab.setAttribute('aria-controls', 'snippet')
    tab.addEventListener('click', () => choose(tab, text))
    return tab
  })
  function choose(chosen, text) {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen))
      tab.tabIndex = tab === chosen ? 0 : -1
    }
    $('snippet').textContent = text
    $('snippet').setAttribute('aria-labelledby', chosen.id)
    $('copy').setAttribute('aria-label', `Copy the settings for ${chosen.textContent}`)
    $('copy-outcome').textContent = ''
  }
  $('tabs').onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length]
    next.focus()
    next.click()
  }
  $('tabs').replaceChildren(...tabs)
  tabs[0].click()
}

/** The clipboard is there on localhost and over https only; elsewhere the browser copies a selection. */
async function copy() {
  const selection = window.getSelection()
  try {
    await navigator.clipboard.writeText($('snippet').textContent)
  } catch {
    selection.selectAllChildren($('snippet'))
    document.execCommand('copy')
  }
  $('copy-outcome').textContent = 'Copied'
}

function subscribe(name) {
  const problem = subscribeProblem(name)
  $('subscribe-hint').textContent = problem ?? channelHint(name)
  $('subscribe-hint').classList.toggle('error', problem !== null)
  if (problem !== null || session === null) return
  session.subscribe(name)
  $('publish-channel').value = name
}

async function publish() {
  const [channel, name, data] = ['channel', 'name', 'data'].map((field) => $(`publish-${field}`).value.trim())
  const outcome = $('publish-outcome')
  const tell = (words, isError) => {
    outcome.textContent = words
    outcome.classList.toggle('error', isError)
  }
  try {
    JSON.parse(data)
    $('publish-data').removeAttribute('aria-invalid')
  } catch (error) {
    $('publish-data').setAttribute('aria-invalid', 'true')
    tell(`The data is not JSON (${error.message}). Text needs quotes: "hello"`, true)
    return
  }
  log.add({ kind: 'sent', channel, name, data }) // first: what is sent may come back before the answer
  try {
    await post(
      'playground/publish',
      'application/json',
      JSON.stringify({ app: session?.app.id, channel, name, data }),
    )
    const isHeard = session?.pusher.channel(channel)?.subscribed === true
    tell(isHeard ? 'Published' : `Published. This page is not subscribed to ${channel}.`, false)
  } catch (error) {
    tell(error.message, true)
    log.add({ kind: 'problem', channel, name: error.message })
  }
}

function listen() {
  $('subscribe').addEventListener('submit', (event) => {
    event.preventDefault()
    subscribe($('subscribe-channel').value.trim())
  })
  $('subscribe-channel').addEventListener('input', ({ target }) => {
    $('subscribe-hint').textContent = channelHint(target.value.trim())
    $('subscribe-hint').classList.remove('error')
  })
  for (const example of document.querySelectorAll('[data-channel]')) {
    example.addEventListener('click', () => {
      $('subscribe-channel').value = example.dataset.channel
      subscribe(example.dataset.channel)
    })
  }
  $('publish').addEventListener('submit', (event) => {
    event.preventDefault()
    void publish()
  })
  $('publish').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('publish').requestSubmit()
  })
  $('clear').addEventListener('click', () => log.clear())
  $('copy').addEventListener('click', () => void copy())
  $('toggle').addEventListener('click', () => session?.toggle())
}

async function start() {
  $('address').textContent = address.url
  $('subscribe-hint').textContent = channelHint($('subscribe-channel').value)
  listen()
  const response = await fetch('playground/settings.json')
  if (!response.ok) throw new Error(await response.text())
  const { apps } = await response.json()
  if (apps.length === 0) throw new Error('The server has no app yet: add one to its configuration.')
  $('app').replaceChildren(
    ...apps.map(({ id }) => Object.assign(document.createElement('option'), { value: id, textContent: id })),
  )
  $('app').addEventListener('change', () => {
    log.add({ kind: 'note', name: `switched to the app ${$('app').value}` })
    open(apps[$('app').selectedIndex])
  })
  open(apps[0])
}

start().catch((error) => showProblem(error.message))
