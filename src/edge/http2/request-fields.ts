import { HeadgateError } from '../../errors.ts'
import { isAuthority } from '../authority.ts'

/** The head of a request as the rest of the gateway reads it: in the terms of HTTP/1.1. */
export interface RequestHead {
  method: string
  path: string
  /** The protocol of an extended CONNECT (RFC 8441); undefined for every other request. */
  protocol: string | undefined
  /** Field lines: name, value, name, value, ... `host` first, one `cookie`, no pseudo field. */
  rawHeaders: string[]
  /** Why the request is refused, where it is. */
  fault: HeadgateError | undefined
}

/** Fields of one connection alone, which HTTP/2 does not have (RFC 9113, section 8.2.2). */
const forbidden: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/**
 * Takes the fields of a request apart. nghttp2 has checked names, pseudo fields and their order; what it lets through
 * although two readers could differ on it is told as a fault.
 *
 * @param raw field lines as they came, pseudo fields included
 * @param scheme that of the connection
 */
export function readRequestHead(raw: readonly string[], scheme: 'http' | 'https'): RequestHead {
  const pseudo: Record<string, string> = {}
  const rawHeaders: string[] = ['host', '']
  let host: string | undefined
  let cookieAt = 0
  let fault: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (name.charCodeAt(0) === 0x3a) pseudo[name] = value
    else if (name === 'host') {
      if (host !== undefined) fault ??= 'Host stands more than once'
      host = value
    } else if (name === 'cookie' && cookieAt > 0) {
      // RFC 9113, section 8.2.3: cookies that came apart are one line again where HTTP/2 ends.
      rawHeaders[cookieAt] += `; ${value}`
    } else {
      if (forbidden.has(name) || (name === 'te' && value.trim().toLowerCase() !== 'trailers')) {
        fault ??= `HTTP/2 has no field ${name}`
      }
      rawHeaders.push(name, value)
      if (name === 'cookie') cookieAt = rawHeaders.length - 1
    }
  }
  const authority = pseudo[':authority'] ?? host
  if (authority === undefined) fault ??= ':authority is missing'
  else if (!isAuthority(authority)) fault ??= ':authority is not a valid authority'
  // RFC 9113, section 8.3.1.
  if (host !== undefined && host.toLowerCase() !== authority?.toLowerCase()) {
    fault ??= ':authority and Host differ'
  }
  const asked = pseudo[':scheme']
  if (asked !== undefined && asked.toLowerCase() !== scheme) fault ??= ':scheme is not that of the connection'
  rawHeaders[1] = authority ?? ''
  return {
    method: pseudo[':method'] ?? '',
    path: pseudo[':path'] ?? '',
    protocol: pseudo[':protocol'],
    rawHeaders,
    fault:
      fault === undefined
        ? undefined
        : new HeadgateError('HEADGATE_BAD_REQUEST', { message: `The request is refused: ${fault}` }),
  }
}

/** Fields of which a second line is dropped, as Node's parser of HTTP/1.1 does. */
const single: ReadonlySet<string> = new Set([
  ...['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'host'],
  ...['if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards'],
  ...['proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent'],
])

/** Field lines as an object, in the way of Node's `IncomingMessage.headers`. */
export function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const value = rawHeaders[index + 1] as string
    const before = headers[name]
    // It may be something that every object has.
    if (typeof before !== 'string') headers[name] = value
    else if (!single.has(name)) headers[name] = `${before}, ${value}`
  }
  return headers
}
