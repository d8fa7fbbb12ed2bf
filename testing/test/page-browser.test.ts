import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import vm from 'node:vm'
import LaravelEcho from 'laravel-echo'
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { PusherJs } from './support/clients.js'
import { describeIf, environment } from './support/environment.js'
import { startServer, type TestServer, type TestServerOptions } from './support/test-server.js'
import { until } from './support/until.js'

const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A server and its page in a tab of its own, with all that a user would not see. */
class Opened implements AsyncDisposable {
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: string[] = []
  /** Origins that were asked for anything, WebSockets among them. */
  readonly origins = new Set<string>()

  constructor(
    readonly server: TestServer,
    readonly page: Page,
  ) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text())
    })
    page.on('pageerror', ({ message }) => this.complaints.push(message))
    page.on('request', (request) => this.origins.add(new URL(request.url()).host))
    page.on('websocket', (socket) => this.origins.add(new URL(socket.url()).host))
  }

  /** Waits for a row of the log that holds all of these texts. */
  async row(...texts: string[]): Promise<Locator> {
    const rows = texts.reduce(
      (found, text) => found.filter({ hasText: text }),
      this.page.getByRole('listitem').and(this.page.locator('#log > li')),
    )
    await rows.first().waitFor()
    return rows.first()
  }

  async subscribe(channel: string): Promise<void> {
    await this.page.locator('#subscribe-channel').fill(channel)
    await this.page.getByRole('button', { name: 'Subscribe' }).click()
  }

  async publish(channel: string, name: string, data: string): Promise<void> {
    await this.page.locator('#publish-channel').fill(channel)
    await this.page.getByLabel('Event', { exact: true }).fill(name)
    await this.page.getByLabel('Data (JSON)').fill(data)
    await this.page.getByRole('button', { name: 'Publish' }).click()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close()
    await this.server.close()
  }
}

describeIf('chromium', 'the page in a browser', () => {
  let profile: string
  let browser: BrowserContext

  beforeAll(async () => {
    profile = await mkdtemp(path.join(tmpdir(), 'pogo-page-'))
    const executablePath = environment.chromium.path ?? ''
    browser = await chromium.launchPersistentContext(profile, { executablePath, args: chromiumArgs })
    browser.setDefaultTimeout(10_000)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })
  afterAll(async () => {
    await browser.close()
    await rm(profile, { recursive: true, force: true })
  })

  async function open(options: TestServerOptions = { dev: true }): Promise<Opened> {
    const server = await startServer(options)
    const opened = new Opened(server, await browser.newPage())
    await opened.page.goto(server.server.playgroundUrl ?? '')
    await opened.page
      .getByText(/Connected, socket \d+\.\d+$/)
      .first()
      .waitFor()
    return opened
  }

  test.each<[string, TestServerOptions]>([
    ['in development mode', { dev: true }],
    ['with a token and under a prefix', { playground: { token: 'a-token-of-this-test' }, path: '/x' }],
  ])('subscribes, publishes and shows what arrives, %s', async (_, options) => {
    await using opened = await open(options)
    const { page, server } = opened
    expect(page.url()).toBe(`${server.url}/`)
    await page.getByText('No events yet.').waitFor()

    for (const channel of ['news', 'private-orders.1', 'presence-lobby']) {
      await opened.subscribe(channel)
      await opened.row(channel, 'subscribed')
      await opened.publish(channel, 'greeting', '{"to":"everyone"}')
      await opened.row(channel, 'received: greeting', '{"to":"everyone"}')
    }
    await page.getByText('subscribed, 1 member').waitFor()
    expect(await page.getByText('No events yet.').isVisible()).toBe(false)

    const data = '{"id":1,"text":"<b>not markup</b>"}'
    await server.server.publish('app1', { channels: ['news'], name: 'saved', data })
    const row = await opened.row('received: saved', data)
    await row.getByText('saved').click()
    await row.getByText('"id": 1,').waitFor()
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByText('No events yet.').waitFor()

    expect(opened.complaints).toEqual([])
    expect([...opened.origins]).toEqual([new URL(server.url).host])
  })

  test('joins a presence channel as another member each time it is opened', async () => {
    await using opened = await open()
    await opened.subscribe('presence-lobby')
    await opened.page.getByText('subscribed, 1 member').waitFor()
    const second = await browser.newPage()
    await second.goto(opened.server.url)
    await second.getByRole('button', { name: 'presence-lobby' }).click()
    await second.getByText('subscribed, 2 members').waitFor()
    await opened.row('presence-lobby', 'joined')
    await second.close()
    await opened.row('presence-lobby', 'left')
    await opened.page.getByText('subscribed, 1 member').waitFor()
  })

  test('tells in words what went wrong', async () => {
    await using opened = await open()
    const { page } = opened
    await opened.publish('news', 'greeting', '{oops')
    await page.getByText(/The data is not JSON/).waitFor()
    await opened.publish('no spaces', 'greeting', '{}')
    await opened.row('problem: Invalid channel name')
    await opened.subscribe('private-no spaces')
    await page.getByText(/^refused: 'private-no spaces' is no valid channel name/).waitFor()
    await opened.subscribe('no spaces')
    await page
      .getByRole('alert')
      .getByText(/'no spaces'/)
      .waitFor()
    await opened.subscribe('private-encrypted-a')
    await page.getByText(/this page cannot subscribe to them/).waitFor()
    for (const name of ['__proto__', 'constructor']) {
      await opened.subscribe(name)
      await page.getByText(`pusher-js cannot subscribe to '${name}'`).waitFor()
      await opened.publish(name, 'greeting', '{}')
      await page.getByText(`not subscribed to ${name}.`).waitFor()
    }
  })

  test('shows how the connection is, and comes back when it is told to', async () => {
    await using opened = await open()
    const { page } = opened
    await opened.subscribe('news')
    await opened.row('news', 'subscribed')
    await page.getByRole('button', { name: 'Disconnect' }).click()
    await page.getByRole('status').getByText('Disconnected').waitFor()
    await page.getByText('not connected').waitFor()
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page
      .getByRole('status')
      .getByText(/^Connected/)
      .waitFor()
    await opened.server.publish('news', 'saved', '{"after":"the pause"}')
    await opened.row('received: saved', '{"after":"the pause"}')
    await opened.server.close()
    await page
      .getByRole('alert')
      .getByText(/shutting down/)
      .waitFor()
  })

  test('speaks to the app that is chosen', async () => {
    await using opened = await open()
    await opened.page.getByLabel('App', { exact: true }).selectOption('app2')
    await opened.row('switched to the app app2')
    await opened.page
      .getByRole('status')
      .getByText(/^Connected/)
      .waitFor()
    await opened.subscribe('private-orders.1')
    await opened.row('private-orders.1', 'subscribed')
    const app2 = { id: 'app2', key: 'key2', secret: 'secret2' }
    await opened.server.publish('private-orders.1', 'saved', '{"app":2}', {}, app2)
    await opened.row('received: saved', '{"app":2}')
    expect(await opened.page.locator('#snippet').textContent()).toContain("key: 'key2'")
  })

  test.each(['', '/x'])(
    'shows settings with which real clients connect, with the prefix %j',
    async (prefix) => {
      await using opened = await open({ dev: true, path: prefix })
      const { page, server } = opened
      vi.stubGlobal('window', { Pusher: PusherJs }) // where Echo looks for it
      for (const title of ['Echo (reverb)', 'Echo (pusher)', 'pusher-js']) {
        await page.getByRole('tab', { name: title }).click()
        const code = (await page.getByRole('tabpanel').textContent()) ?? ''
        const script = `${code.replace(/^import .*$/gm, '')}\n;typeof pusher === 'undefined' ? window.Echo.connector.pusher : pusher`
        const context = { window: {}, Echo: LaravelEcho, Pusher: PusherJs, console }
        const pusher = vm.runInNewContext(script, context) as InstanceType<typeof PusherJs>
        await until(
          () => pusher.connection.state,
          (state) => state === 'connected',
        )
        pusher.disconnect()
      }
      await page.getByRole('tab', { name: 'pusher-js' }).press('ArrowRight')
      const env = await page.getByRole('tabpanel').textContent()
      expect(env).toContain(`REVERB_APP_ID=app1\nREVERB_APP_KEY=key1\n`)
      expect(env).toContain(`REVERB_HOST=127.0.0.1\nREVERB_PORT=${server.port}\nREVERB_SCHEME=http\n`)
      await page.getByRole('button', { name: /^Copy/ }).click()
      await page.getByText('Copied').waitFor()
    },
  )
})
