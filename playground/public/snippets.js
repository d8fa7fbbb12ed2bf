// Connection settings as text to copy, for the address under which this page was opened.

/** A JavaScript string. @param {string} value */
const js = (value) => `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

/** A value of a .env file. @param {string} value */
const env = (value) =>
  /^[\w.:-]+$/.test(value) ? value : `"${value.replace(/["\\$]/g, (character) => `\\${character}`)}"`

/**
 * Where this page was opened is where browsers reach the server.
 * @param {Location} location
 * @param {string} base address of the document, which ends in the prefix of the server and a slash
 */
export function serverAddress(location, base) {
  const isTls = location.protocol === 'https:'
  return {
    isTls,
    host: location.hostname,
    port: Number(location.port) || (isTls ? 443 : 80),
    path: new URL(base).pathname.replace(/\/$/, ''),
    url: new URL(base).href.replace(/\/$/, ''),
  }
}

/**
 * @param {ReturnType<typeof serverAddress>} address
 * @param {{ id: string, key: string }} app
 */
export function snippets(address, app) {
  const { isTls, host, port, path } = address
  const options = [
    `wsHost: ${js(host)},`,
    `wsPort: ${port},`,
    `wssPort: ${port},`,
    ...(path === '' ? [] : [`wsPath: ${js(path)},`]),
    `forceTLS: ${isTls},`,
    `enabledTransports: ['ws', 'wss'],`,
  ].map((line) => `  ${line}`)
  const cluster = `  cluster: '', // demanded by pusher-js; wsHost decides`
  const echo = (broadcaster, more) => [
    `import Echo from 'laravel-echo'`,
    `import Pusher from 'pusher-js'`,
    ``,
    `window.Pusher = Pusher`,
    `window.Echo = new Echo({`,
    `  broadcaster: '${broadcaster}',`,
    `  key: ${js(app.key)},`,
    ...more,
    ...options,
    `})`,
  ]
  const pusher = [
    `import Pusher from 'pusher-js'`,
    ``,
    `const pusher = new Pusher(${js(app.key)}, {`,
    cluster,
    ...options,
    `})`,
    `pusher.subscribe('news').bind('greeting', (data) => console.log(data))`,
  ]
  const laravel = [
    `BROADCAST_CONNECTION=reverb`,
    ``,
    `REVERB_APP_ID=${env(app.id)}`,
    `REVERB_APP_KEY=${env(app.key)}`,
    `# The secret of this app, from the configuration of the server`,
    `REVERB_APP_SECRET=`,
    `REVERB_HOST=${env(host)}`,
    `REVERB_PORT=${port}`,
    `REVERB_SCHEME=${isTls ? 'https' : 'http'}`,
    ...(path === '' ? [] : [`# config/broadcasting.php, connection reverb, options: 'path' => ${js(path)}`]),
    ``,
    `VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"`,
    `VITE_REVERB_HOST="\${REVERB_HOST}"`,
    `VITE_REVERB_PORT="\${REVERB_PORT}"`,
    `VITE_REVERB_SCHEME="\${REVERB_SCHEME}"`,
  ]
  return [
    { id: 'echo-reverb', title: 'Echo (reverb)', lines: echo('reverb', []) },
    { id: 'echo-pusher', title: 'Echo (pusher)', lines: echo('pusher', [cluster]) },
    { id: 'pusher-js', title: 'pusher-js', lines: pusher },
    { id: 'laravel', title: 'Laravel .env', lines: laravel },
  ].map(({ id, title, lines }) => ({ id, title, text: `${lines.join('\n')}\n` }))
}
