import { DEFAULT_TIMEOUT_MS } from './inbox.js'

const POLL_MS = 10

/**
 * Asks again and again until the answer passes, for what a test can only ask for and is never told.
 *
 * @throws Error that shows the last answer.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  passes: (answer: T) => boolean,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<T> {
  const failure = new Error()
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (Date.now() > deadline) {
      failure.message = `not so within ${timeoutMs} ms; the last answer was ${JSON.stringify(answer)}`
      throw failure
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
