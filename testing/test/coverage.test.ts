import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/** The cases of the conformance catalogue, and those that no test of ours can show. */
interface Catalogue {
  readonly areas: Readonly<Record<string, { readonly about: string; readonly ids: readonly string[] }>>
  readonly exceptions: readonly { readonly ids: readonly string[]; readonly reason: string }[]
}

interface Place {
  readonly text: string
  /** File and line. */
  readonly at: string
}

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const catalogue = JSON.parse(read('testing/test/catalogue.json')) as Catalogue
const known = Object.values(catalogue.areas).flatMap(({ ids }) => ids)
const excepted = catalogue.exceptions.flatMap(({ ids }) => ids)

const sources = ['src', 'testing'].flatMap((folder) => filesBelow(folder))
const citations = sources.flatMap((file) => placesOf(file, /protocol\.md((?:,? ?(?:and )?#[\w-]+)+)/g))
const comments = sources.flatMap((file) => placesOf(file, /^[ ]*\/\/ covers: (.*)$/gm))
const covered = new Map<string, string>()
for (const { text, at } of comments) for (const id of text.split(', ')) covered.set(id, at)

describe('the catalogue of cases', () => {
  it('has each case once, in its area', () => {
    expect(new Set(known).size).toBe(known.length)
    for (const [area, { ids }] of Object.entries(catalogue.areas)) {
      expect(ids.filter((id) => !new RegExp(`^${area}-\\d\\d$`).test(id))).toEqual([])
    }
  })

  it('has a test for every case that is no exception', () => {
    const open = known.filter((id) => !covered.has(id) && !excepted.includes(id))
    const count = `${known.length - open.length - excepted.length} of ${known.length} cases have a test`
    process.stdout.write(`${count}, ${excepted.length} are exceptions, ${open.length} are open\n`)
    for (const [area, { ids }] of Object.entries(catalogue.areas)) {
      const tested = ids.filter((id) => covered.has(id)).length
      process.stdout.write(`  ${area.padEnd(5)} ${String(tested).padStart(2)} of ${ids.length}\n`)
    }
    expect(open).toEqual([])
  })

  it('has exceptions with a reason, known, and without a test', () => {
    for (const { ids, reason } of catalogue.exceptions) {
      expect(ids).not.toEqual([])
      expect(reason).not.toBe('')
    }
    expect(new Set(excepted).size).toBe(excepted.length)
    expect(excepted.filter((id) => !known.includes(id))).toEqual([])
    expect(excepted.filter((id) => covered.has(id)).map((id) => `${id} at ${covered.get(id)}`)).toEqual([])
  })

  it('knows every case that a test names', () => {
    const unknown = [...covered].filter(([id]) => !known.includes(id))
    expect(unknown.map(([id, at]) => `${id} at ${at}`)).toEqual([])
  })

  it('is named directly above tests only', () => {
    const astray = comments.filter(({ at }) => {
      const [file = '', line = ''] = at.split(':')
      return !/^\s*it\w*[.(]/.test(read(file).split('\n')[Number(line)] ?? '')
    })
    expect(astray).toEqual([])
  })

  it('stands in the protocol page as well, and the other way round', () => {
    const lines = read('docs/reference/protocol.md').split('\n')
    const ids = lines
      .filter((line) => line.startsWith('<a id='))
      .flatMap((line) => line.match(/\b[A-Z]+-\d\d\b/g) ?? [])
    expect(known.filter((id) => !ids.includes(id))).toEqual([])
    expect(ids.filter((id) => !known.includes(id))).toEqual([])
  })
})

describe('the protocol page', () => {
  it('has every rule that a comment cites', () => {
    const page = read('docs/reference/protocol.md')
    const anchors = new Set([...page.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id))
    expect(citations.length).toBeGreaterThan(50)
    const missing = citations.flatMap(({ text, at }) =>
      [...text.matchAll(/#([\w-]+)/g)].filter(([, id]) => !anchors.has(id)).map(([id]) => `${id} at ${at}`),
    )
    expect(missing).toEqual([])
  })
})

function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.[tj]s$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter(
      (path) => !/(?:^|\/)(?:node_modules|vendor|clients)\//.test(path) || path.startsWith('testing/test/'),
    )
    .sort()
}

/** Each match of `pattern`, as its first group, with where it stands. */
function placesOf(file: string, pattern: RegExp): Place[] {
  const text = read(file)
  return [...text.matchAll(pattern)].map((match) => ({
    text: match[1] ?? '',
    at: `${file}:${text.slice(0, match.index).split('\n').length}`,
  }))
}
