/** One HTTP request as plain data; no socket, no framework. */
export interface ApiRequest {
  /** Upper case. */
  readonly method: string
  /** The path without the configured prefix, as it was sent (not decoded). */
  readonly path: string
  /** The path with the prefix; some clients sign it. */
  readonly fullPath: string
  /** What follows `?`, as it was sent. */
  readonly query: string
  readonly body: Buffer
}

export interface ApiResponse {
  readonly status: number
  /** JSON for 200, otherwise a sentence for humans. */
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** 200 with a JSON object. */
export function ok(body: string): ApiResponse {
  return { status: 200, body }
}

/** A refusal in one sentence that names what was wrong. */
export function refused(
  status: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
): ApiResponse {
  return headers === undefined ? { status, body: message } : { status, body: message, headers }
}

/** Whether a step of the API answered instead of going on. */
export function isResponse(result: object): result is ApiResponse {
  return 'status' in result && 'body' in result
}
