import type { IncomingHttpHeaders } from 'node:http'

/** A request to one of the page's addresses, as plain data. */
export interface PageRequest {
  readonly method: string
  /** Without the configured prefix. */
  readonly path: string
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What is answered to it. */
export interface PageResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** On every answer: the page loads nothing from elsewhere, is shown in no frame, tells nobody its address, is not kept. */
const commonHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

/** An answer with the headers that all of them have. */
export function answer(
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): PageResponse {
  return {
    status,
    headers: { ...commonHeaders, 'Content-Type': type, ...headers },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  }
}

/** 200 with JSON. */
export function json(value: unknown): PageResponse {
  return answer(200, 'application/json', JSON.stringify(value))
}

/** A refusal in one sentence, which the page shows as it is. */
export function refused(
  status: number,
  sentence: string,
  headers?: Readonly<Record<string, string>>,
): PageResponse {
  return answer(status, 'text/plain; charset=utf-8', sentence, headers)
}

/** Whether the body is said to be of this type; parameters such as a charset do not matter. */
export function hasType({ headers }: PageRequest, type: string): boolean {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === type
}
