import { sendRequest } from './http-client.js'
import type { TestServer } from './test-server.js'

/** Scrapes a server that was started with `metrics`; answers each line as a name with its labels and its value. */
export async function scrape({ server }: TestServer): Promise<Readonly<Record<string, number>>> {
  const url = new URL(server.metricsUrl ?? '')
  const { text } = await sendRequest(url.origin, 'GET', url.pathname)
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    samples.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}
