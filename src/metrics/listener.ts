import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { listenError } from '../errors.js'
import type { Metrics } from './index.js'

/** A listener that serves nothing but metrics. */
export interface MetricsListener {
  /** With the real port: `http://127.0.0.1:9601/metrics`. */
  readonly url: string
  /** Ends the listener, its connections and the metrics it served. */
  close(): Promise<void>
}

/**
 * Serves `GET /metrics`; 404 for other paths, 405 for other methods. It has no access control: it belongs on an address
 * that only the scraper reaches. From here on it owns `metrics` and closes them, also when it cannot listen.
 *
 * @throws ServerError `ERR_ADDRESS_IN_USE` or `ERR_ADDRESS_UNAVAILABLE`
 */
export async function listenMetrics(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsListener> {
  const server = http.createServer((request, response) => {
    // Nothing here has a use for a body; what is not read would keep the connection from its next request.
    request.resume()
    void answer(metrics, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      metrics.close()
      reject(listenError(error, 'metrics', host, port))
    })
    server.listen(port, host, resolve)
  })
  const { address, family, port: realPort } = server.address() as AddressInfo
  const name = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `http://${name}:${String(realPort)}/metrics`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      metrics.close()
    },
  }
}

async function answer(
  metrics: Metrics,
  { method, url = '' }: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const text = { 'Content-Type': 'text/plain; charset=utf-8' }
  if (url.split('?', 1)[0] !== '/metrics') {
    response.writeHead(404, text).end('Not found: metrics are at /metrics\n')
  } else if (method !== 'GET') {
    response.writeHead(405, { ...text, Allow: 'GET' }).end('Method not allowed: use GET\n')
  } else {
    try {
      const scraped = await metrics.scrape()
      response.writeHead(200, { 'Content-Type': metrics.contentType }).end(scraped)
    } catch {
      // Of use to nobody but the scraper, which reports the failed scrape.
      response.writeHead(500, text).end('The metrics could not be read\n')
    }
  }
}
