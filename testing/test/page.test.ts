import http from 'node:http'
import { createServer } from 'pogo-websocket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { channelAuth, presenceData } from './support/auth.js'
import { app1, startServer, subscribe, type TestServer } from './support/test-server.js'

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** A request whose every header can be chosen, `Host` among them. */
async function ask(
  port: number,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
  body?: string,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> {
  const host = `127.0.0.1:${port}`
  const options = { host: '127.0.0.1', port, path, method, agent: false, headers: { host, ...headers } }
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    request.on('error', reject).end(body)
  })
}

const files = [
  'page.js',
  'session.js',
  'event-log.js',
  'snippets.js',
  'pusher.min.js',
  'page.css',
  'icon.svg',
]
const reads = ['/', '/playground/settings.json', ...files.map((file) => `/playground/${file}`)]
const posts = ['/playground/auth', '/playground/publish']

describe('the page in development mode', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ dev: true })
  })
  afterAll(() => server.close())

  const get = (path: string, headers?: http.OutgoingHttpHeaders) => ask(server.port, path, headers)
  const own = () => ({ origin: server.url })
  const publish = (body: unknown, headers: http.OutgoingHttpHeaders = {}) =>
    ask(
      server.port,
      '/playground/publish',
      { 'content-type': 'application/json', ...own(), ...headers },
      typeof body === 'string' ? body : JSON.stringify(body),
    )
  const authorize = (form: Record<string, string> | string) =>
    ask(
      server.port,
      '/playground/auth',
      { 'content-type': 'application/x-www-form-urlencoded', ...own() },
      new URLSearchParams(form).toString(),
    )

  test.each(reads)('serves %s with headers that keep it to itself', async (path) => {
    const { status, headers } = await get(path)
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toContain("default-src 'self'")
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['content-security-policy']).not.toContain('unsafe')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cache-control']).toBe('no-store')
  })

  test('sends no secret', async () => {
    const texts = await Promise.all(reads.map(async (path) => (await get(path)).text))
    expect(texts.join('\n')).not.toMatch(/secret1|secret2/)
    const settings = JSON.parse((await get('/playground/settings.json')).text) as unknown
    expect(settings).toEqual({
      apps: [
        { id: 'app1', key: 'key1' },
        { id: 'app2', key: 'key2' },
      ],
    })
  })

  test.each([...reads, ...posts])('refuses a foreign Host and a foreign Origin on %s', async (path) => {
    const body = posts.includes(path) ? '{}' : undefined
    const rebound = await ask(server.port, path, { ...own(), host: `evil.test:${server.port}` }, body)
    expect(rebound.status).toBe(403)
    expect(rebound.text).toContain(`open ${server.url}/`)
    const foreign = await ask(server.port, path, { origin: 'https://evil.test' }, body)
    expect(foreign.status).toBe(403)
  })

  test.each(posts)('refuses a POST to %s that does not show where it comes from', async (path) => {
    expect((await ask(server.port, path, {}, '{}')).status).toBe(403)
    expect((await ask(server.port, path, { 'sec-fetch-site': 'cross-site' }, '{}')).status).toBe(403)
    expect((await ask(server.port, path, { 'sec-fetch-site': 'same-origin' }, '{}')).status).toBe(415)
  })

  test('leaves the other addresses of the server alone', async () => {
    const stranger = { host: 'evil.test', origin: 'https://evil.test' }
    expect((await get('/up', stranger)).status).toBe(200)
    expect((await get('/apps/app1/channels', stranger)).status).toBe(401)
    expect((await get('/app/key1', stranger)).status).toBe(426)
    expect((await get('/playground/../package.json', stranger)).status).toBe(404)
    expect((await get('/playground/index.html')).status).toBe(404)
  })

  test('names the methods that are possible', async () => {
    expect(await ask(server.port, '/', own(), '')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
    expect(await get('/playground/publish')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect(await ask(server.port, '/', {}, undefined, 'HEAD')).toMatchObject({ status: 200, text: '' })
  })

  test('publishes exactly the data it is given', async () => {
    await using client = await server.connect()
    await subscribe(client, 'news')
    const data = '{ "id": 1.0, "big": 12345678901234567890 }'
    expect((await publish({ app: 'app1', channel: 'news', name: 'saved', data })).status).toBe(200)
    expect((await client.next('saved')).data).toBe(data)
  })

  test.each([
    ['{', 400, 'JSON object'],
    ['[]', 400, 'JSON object'],
    ['['.repeat(50_000), 400, 'JSON object'],
    ['{"__proto__":{"app":"app1"}}', 400, '"app"'],
    [{ app: 'nobody', channel: 'news', name: 'saved', data: '1' }, 400, '"app"'],
    [{ app: 'app1', channel: 'no spaces', name: 'saved', data: '1' }, 400, "'no spaces'"],
    [{ app: 'app1', channel: 'news', name: 'pusher:x', data: '1' }, 400, 'reserved'],
    [{ app: 'app1', channel: 'news', name: 'saved', data: { id: 1 } }, 400, '"data"'],
    [{ app: 'app1', channel: 'news', name: 'saved', data: 'x'.repeat(10_241) }, 413, '10240'],
    [{ app: 'app1', channel: '__proto__', name: 'saved', data: '1' }, 200, '{}'],
  ])('answers the publish %.60j with %i', async (body, status, text) => {
    const answer = await publish(body)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  test('takes events as application/json only, which no form of another page can send', async () => {
    const body = { app: 'app1', channel: 'news', name: 'saved', data: '1' }
    expect((await publish(body, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await publish(body, { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200)
  })

  test('signs private and presence subscriptions', async () => {
    const base = { app: 'app1', socket_id: '1.2' }
    const signed = await authorize({ ...base, channel_name: 'private-a' })
    expect(JSON.parse(signed.text)).toEqual({ auth: channelAuth(app1, '1.2', 'private-a') })
    const joined = await authorize({ ...base, channel_name: 'presence-a', member: 'page-1' })
    const channelData = presenceData('page-1', { name: 'Playground' })
    const auth = channelAuth(app1, '1.2', 'presence-a', channelData)
    expect(JSON.parse(joined.text)).toEqual({ auth, channel_data: channelData })
  })

  test.each([
    ['', 400],
    ['app=app1&socket_id=1.2&channel_name=%E0%A4%A', 400],
    [{ app: '__proto__', socket_id: '1.2', channel_name: 'private-a' }, 400],
    [{ app: 'app1', socket_id: '1.2:private-b', channel_name: 'private-a' }, 400],
    [{ app: 'app1', socket_id: '1.2', channel_name: 'private-a b' }, 400],
    [{ app: 'app1', socket_id: '1.2', channel_name: 'news' }, 400],
    [{ app: 'app1', socket_id: '1.2', channel_name: 'presence-a', member: 'a"b' }, 400],
    [{ app: 'app1', socket_id: '1.2', channel_name: 'private-encrypted-a' }, 403],
    [{ app: 'app1', socket_id: '1.2', channel_name: `private-${'a'.repeat(20_000)}` }, 413],
  ])('refuses to sign %.60j with %i', async (form, status) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded', ...own() }
    const answer =
      typeof form === 'string'
        ? await ask(server.port, '/playground/auth', type, form)
        : await authorize(form)
    expect(answer.status).toBe(status)
    expect(answer.text).toMatch(/^[^\n]{10,200}$/)
  })
})

describe('the page with a token', () => {
  const token = 'a-token-of-this-test'

  test('opens with the printed address, once swapped for a cookie', async () => {
    await using server = await startServer({ playground: { token }, path: '/x' })
    const printed = new URL(server.server.playgroundUrl ?? '')
    expect(printed.searchParams.get('token')).toBe(token)
    for (const path of reads) expect((await ask(server.port, `/x${path}`)).status).toBe(401)
    expect((await ask(server.port, '/x/')).text).toContain('open the printed URL')
    expect((await ask(server.port, '/x/?token=wrong-token')).status).toBe(401)

    const swap = await ask(server.port, `${printed.pathname}${printed.search}`)
    expect(swap).toMatchObject({ status: 303, headers: { location: '/x/' } })
    const [cookie = ''] = swap.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/; Path=\/x; HttpOnly; SameSite=Strict$/)
    const page = await ask(server.port, '/x/', { cookie: cookie.split(';')[0] })
    expect(page.status).toBe(200)
    expect(page.text).toContain('<base href="/x/" />')
  })

  test('is made anew at each start unless it is given', async () => {
    const make = () => createServer({ port: 0, playground: true, apps: [app1] })
    const tokens: (string | null)[] = []
    for (const server of [make(), make()]) {
      await server.listen()
      tokens.push(new URL(server.playgroundUrl ?? '').searchParams.get('token'))
      await server.close()
    }
    expect(tokens[0]).toMatch(/^.{20,}$/)
    expect(tokens[0]).not.toBe(tokens[1])
  })

  test('is not there unless it is asked for', async () => {
    await using server = await startServer()
    expect(server.server.playgroundUrl).toBeNull()
    for (const path of reads) expect((await ask(server.port, path)).status).toBe(404)
  })
})
