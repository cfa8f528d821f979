import type { IncomingMessage } from 'node:http'

/** True for a request that announces a body (RFC 9112, section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** True while some of a request's body has not been read yet. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request)
}

/** The length that a request declares, bytes; NaN where it declares none. */
export function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'])
}
