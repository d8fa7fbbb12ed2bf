import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Given, GivenGroup, Origin } from './given.js'
import { shown, type Problem } from './problems.js'
import { isLoopback } from './rules.js'

/** Whether there must be an app, and where to say so. */
export interface AppsDemand {
  readonly origin: Origin
  readonly needsApps: boolean
}

/** What no option can know alone. Values that were refused before are missing, and cause no second problem. */
export function checkTogether(
  values: Readonly<Record<string, unknown>>,
  given: GivenGroup | undefined,
  { origin, needsApps }: AppsDemand,
  problems: Problem[],
): void {
  const apps = Array.isArray(values.apps) ? (values.apps as unknown[]) : null
  if (needsApps && apps?.length === 0) problems.push({ origin: origin.text, message: noApp })
  if (apps !== null) checkDuplicates(apps, given?.members.get('apps'), problems)
  checkDevelopment(values, given, problems)
  const tls = given?.members.get('tls')
  if (isRecord(values.tls) && tls?.kind === 'group') checkTls(values.tls, tls, problems)
}

const noApp =
  'there is no app. Name one with --app-id and --app-secret, with WS_APP_ID and WS_APP_SECRET in the environment, ' +
  'or under "apps" in the options or the file pogo.json; --dev has one to try things with'

/** The page without a token, and an app whose secret everybody knows, are for this machine only. */
function checkDevelopment(
  { dev, host }: Readonly<Record<string, unknown>>,
  given: GivenGroup | undefined,
  problems: Problem[],
): void {
  if (dev !== true || typeof host !== 'string' || isLoopback(host)) return
  problems.push({
    origin: given?.members.get('host')?.origin.text ?? 'host',
    message: `${shown(host)} can be reached by others, and development mode is for this machine only: use 127.0.0.1, or leave out --dev and name an app`,
  })
}

/** An id or a key that two apps share would hide one of them. */
function checkDuplicates(apps: readonly unknown[], given: Given | undefined, problems: Problem[]): void {
  const ids = new Map<unknown, string>()
  const keys = new Map<unknown, string>()
  const items = given?.kind === 'items' ? given.items : []

  const check = (seen: Map<unknown, string>, value: unknown, of: Given | undefined, name: string): void => {
    if (typeof value !== 'string' || of?.kind !== 'group') return
    const origin = (of.members.get(name)?.origin ?? of.origin.at(name)).text
    const first = seen.get(value)
    if (first === undefined) seen.set(value, origin)
    else problems.push({ origin, message: `${shown(value)} is taken by ${first}` })
  }

  for (const [index, app] of apps.entries()) {
    if (!isRecord(app)) continue
    const own = items[index]
    check(ids, app.id, own, 'id')
    check(keys, app.key, own, 'key')
    const tokens = own?.kind === 'group' ? own.members.get('tokens') : undefined
    if (!Array.isArray(app.tokens) || tokens?.kind !== 'items') continue
    for (const [at, token] of (app.tokens as unknown[]).entries()) {
      if (isRecord(token)) check(keys, token.key, tokens.items[at], 'key')
    }
  }
}

/** Both files are read here, so that a wrong path is told together with everything else. */
function checkTls(tls: Readonly<Record<string, unknown>>, given: GivenGroup, problems: Problem[]): void {
  const read = (name: 'cert' | 'key'): Buffer | null => {
    const file = tls[name]
    const origin = given.members.get(name)?.origin.text
    if (typeof file !== 'string' || origin === undefined) return null
    try {
      return readFileSync(file)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
      problems.push({ origin, message: `cannot read ${shown(file)} (${code})` })
      return null
    }
  }
  const cert = read('cert')
  const key = read('key')
  if (cert === null || key === null) return
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    const origin = given.members.get('cert')?.origin.text ?? 'tls'
    problems.push({
      origin,
      message: `certificate and key cannot be used: ${reason}; both must be PEM files`,
    })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
