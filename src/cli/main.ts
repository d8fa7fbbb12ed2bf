#!/usr/bin/env node
import { suggestion } from '../config/problems.js'
import { ServerError } from '../errors.js'
import { commandHelp, generalHelp, isHelpWanted, version } from './help.js'
import { exitCodes, UsageError } from './usage.js'

/** Each loads what it needs when it is called, so that a wrong flag is told at once. */
const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  start: async (args) => (await import('./start.js')).start(args),
  playground: async (args) => (await import('./playground.js')).playground(args),
  config: async (args) => (await import('./config.js')).config(args),
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(generalHelp())
    return exitCodes.usage
  }
  if (['--help', '-h'].includes(name)) return print(generalHelp())
  if (['--version', '-v'].includes(name)) return print(`${version()}\n`)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    const what = name.startsWith('-') ? 'the command comes before its flags' : 'unknown command'
    throw new UsageError(`${name.slice(0, 60)}: ${what}${suggestion(name, Object.keys(commands))}`)
  }
  return isHelpWanted(args) ? print(commandHelp(name)) : command(args)
}

function print(text: string): number {
  process.stdout.write(text)
  return exitCodes.ok
}

/** What went wrong, in the words of whoever noticed; only what nobody foresaw has a stack. */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`pogo: ${error.message}\nSee: pogo --help\n`)
    return exitCodes.usage
  }
  if (error instanceof ServerError) {
    process.stderr.write(`pogo: ${error.message}\n`)
    return error.code === 'ERR_CONFIG_INVALID' ? exitCodes.usage : exitCodes.failure
  }
  process.stderr.write(`pogo: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.failure
}

// `pogo config explain | head` closes the pipe early; that is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

process.exitCode = await main(process.argv.slice(2)).catch(report)
