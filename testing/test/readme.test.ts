import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')

it('prints the event that the example of the README publishes', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1]
  // Inside the package, so that the example finds it by its own name.
  const folder = path.join(root, '.cache', 'readme')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'example.mjs')
  writeFileSync(file, example ?? '')

  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let output = ''
    const printed = new Promise<void>((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        output += chunk.toString()
        if (output.includes('}')) resolve()
      }
      child.stdout.on('data', take)
      child.stderr.on('data', take)
      child.on('exit', (code) => reject(new Error(`the example ended with ${String(code)}: ${output}`)))
    })
    await printed
    expect(output.trim()).toBe('{ id: 1 }')
  } finally {
    child.kill()
  }
})
