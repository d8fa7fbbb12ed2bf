import { readFile } from 'node:fs/promises'
import { answer, type PageResponse } from './message.js'

/** Where the build puts the page and pusher-js: `dist/playground/`. */
const directory = new URL('../playground/', import.meta.url)

const javascript = 'text/javascript; charset=utf-8'

/** Files of the page and their types; nothing else is served. */
export const assetTypes: ReadonlyMap<string, string> = new Map([
  ['page.js', javascript],
  ['session.js', javascript],
  ['event-log.js', javascript],
  ['snippets.js', javascript],
  ['pusher.min.js', javascript],
  ['page.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
])

/** One file of {@link assetTypes}. */
export async function asset(name: string, type: string): Promise<PageResponse> {
  return answer(200, type, await readFile(new URL(name, directory)))
}

/**
 * The document. Its addresses are relative to its `<base>`, which is set to the prefix: `/prefix` without a slash at its
 * end is the same page.
 */
export async function document(path: string): Promise<PageResponse> {
  const html = await readFile(new URL('index.html', directory), 'utf8')
  return answer(
    200,
    'text/html; charset=utf-8',
    html.replace('<base href="./" />', () => `<base href="${escaped(path)}/" />`),
  )
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
