import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { documentOrigin, type Given } from '../given.js'
import { serverOptions } from '../options.js'
import { kindOf } from '../problems.js'
import { readGroup, type Reading } from '../read.js'
import { findJsonFault } from './json-fault.js'

/** Read when it exists and no other file is named. */
export const defaultFile = 'pogo.json'

const LARGEST_FILE = 4 * 1024 * 1024

/** The configuration file; `name` is `undefined` when none was named. */
export function readFile(name: string | undefined, directory: string, reading: Reading): Given | undefined {
  const label = name ?? defaultFile
  const file = path.resolve(directory, label)
  const origin = documentOrigin(label)
  const refuse = (problem: string, where = label): Given => {
    reading.problems.push({ origin: where, message: problem })
    return { kind: 'invalid', origin }
  }

  let text: string
  try {
    const stat = statSync(file)
    // A pipe is what a shell makes of `--config <(command)`.
    if (!stat.isFile() && !stat.isFIFO()) return refuse('is no file')
    if (stat.size > LARGEST_FILE) return refuse('larger than 4 MiB; this is no configuration file')
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    if (code === 'ENOENT' && name === undefined) return undefined
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    return refuse(reason, name === undefined ? label : `--config ${label}`)
  }
  const fault = findJsonFault(text)
  if (fault !== null) return refuse(fault.message, `${label}:${fault.line}:${fault.column}`)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`got ${kindOf(value)}: expected an object such as {"apps":[{"id":"app","secret":"…"}]}`)
  }
  // Editors find the schema through this member; it configures nothing.
  const { $schema: _, ...options } = value as Record<string, unknown>
  return readGroup(serverOptions, options, origin, { ...reading, directory: path.dirname(file) })
}
