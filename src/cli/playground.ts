import { start } from './start.js'

/** `pogo playground`: the server in development mode with its page, whose address the banner tells. */
export function playground(args: readonly string[]): Promise<number> {
  return start(['--dev', '--playground', ...args])
}
