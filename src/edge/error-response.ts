import { STATUS_CODES } from 'node:http'
import { errorCodes, type HeadgateError } from '../errors.ts'

/** An error response of the gateway's own, ready to be sent. */
export interface ErrorResponse {
  statusCode: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

/** What a client is told of an error: JSON, `Proxy-Status` (RFC 9209), and never the cause or an address. */
export function errorResponse(error: HeadgateError, requestId: string): ErrorResponse {
  const { statusCode, code, message, retryAfter } = error
  const body = JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode] ?? '', message, requestId })
  const { proxyStatus } = errorCodes[code] as { proxyStatus?: string }
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    via: '1.1 headgate',
    'x-request-id': requestId,
  }
  if (proxyStatus !== undefined) headers['proxy-status'] = `headgate; error=${proxyStatus}`
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  return { statusCode, headers, body }
}

/** The same as bytes, for a connection whose request could not be parsed. */
export function rawErrorResponse(error: HeadgateError, requestId: string): string {
  const { statusCode, headers, body } = errorResponse(error, requestId)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const date = `date: ${new Date().toUTCString()}\r\n`
  return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}${date}connection: close\r\n\r\n${body}`
}
