// The second half of the build: removes what an earlier build left in dist, and copies the page and the real pusher-js.
// Files are replaced in place instead of emptying dist first, so that a running server keeps its files.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const src = path.join(root, 'src')
const dist = path.join(root, 'dist')
const page = path.join(root, 'playground', 'public')
const pusher = path.join(root, 'node_modules', 'pusher-js', 'dist', 'web', 'pusher.min.js')

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const file = path.join(entry.parentPath, entry.name)
  const source = path.join(src, path.relative(dist, file)).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
  if (!existsSync(source) || source.endsWith('.test.ts')) rmSync(file)
}

const assets = path.join(dist, 'playground')
mkdirSync(assets, { recursive: true })
if (existsSync(page)) cpSync(page, assets, { recursive: true })
cpSync(pusher, path.join(assets, 'pusher.min.js'))

const main = path.join(dist, 'cli', 'main.js')
if (existsSync(main)) chmodSync(main, 0o755)
