// `npm run dev`: compiles on every change and restarts the development server.
import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const options = /** @type {const} */ ({ cwd: root, stdio: 'inherit' })

spawnSync('npm', ['run', '--silent', 'build'], { ...options, shell: process.platform === 'win32' })

const compiler = spawn(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  options,
)
const server = spawn(
  process.execPath,
  ['--watch', '--watch-preserve-output', 'dist/cli/main.js', 'start', '--dev', ...process.argv.slice(2)],
  options,
)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    compiler.kill(signal)
    server.kill(signal)
  })
}
server.on('exit', (code) => {
  compiler.kill()
  process.exitCode = code ?? 0
})
