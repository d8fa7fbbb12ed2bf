/** How the command ends; 128 + n after a second signal n. */
export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
