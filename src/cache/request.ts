import type { IncomingHttpHeaders } from 'node:http'
import { NO_DEMANDS, PRAGMA_NO_CACHE, parseRequestDirectives, type RequestDirectives } from './directives.ts'
import { tokenList } from './fields.ts'
import { type CacheRequest, canonicalHost } from './key.ts'

/** Methods that change nothing and that nothing is stored for (RFC 9110, section 9.2.1, and the registry). */
const SAFE = new Set(['OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'])

/** Whether a method may change what is stored; an unknown one may (RFC 9111, section 4.4). */
export function isUnsafe(method: string): boolean {
  return !(method === 'GET' || method === 'HEAD' || SAFE.has(method))
}

/** What the client asks of the cache; the same object for all that ask nothing. */
export function demandsOf(headers: IncomingHttpHeaders): RequestDirectives {
  const value = headers['cache-control']
  if (value !== undefined) return parseRequestDirectives(value)
  const { pragma } = headers
  return pragma !== undefined && tokenList(pragma).includes('no-cache') ? PRAGMA_NO_CACHE : NO_DEMANDS
}

/** Some frameworks let these take the place of method and path, neither of which would then be the key's; some read `_` as `-`. */
const REROUTING = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-override-url',
].flatMap((name) => [name, name.replaceAll('-', '_')])

/** Why a GET or HEAD is none of the cache's business, or undefined. */
export function peculiarity(request: CacheRequest): 'precondition' | 'request-body' | 'rerouted' | undefined {
  const { headers } = request
  // If-Match and If-Unmodified-Since are for the origin to judge (RFC 9110, section 13.2.1).
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return 'precondition'
  const length = headers['content-length']
  if ((length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined)
    return 'request-body'
  // A server may well take Example.COM for another host than example.com, whose key it has.
  if (canonicalHost(request) !== request.host) return 'rerouted'
  for (const name of REROUTING) if (headers[name] !== undefined) return 'rerouted'
  return undefined
}

/** A GET that wants the whole response, whatever the client has. */
export function isPlain({ method, headers }: CacheRequest): boolean {
  return method === 'GET' && headers.range === undefined && !isConditional(headers)
}

export function isConditional(headers: IncomingHttpHeaders): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined
}

/** The client's own conditions and ranges, which the cache judges itself. */
export const CONDITIONS: readonly string[] = ['if-none-match', 'if-modified-since', 'if-range', 'range']

/**
 * Fields that may change an answer and are in no key: a client's must not reach a server on a request whose answer
 * others will get. X-Forwarded-Host and its kin are not among them: none but a trusted proxy's ever reach a server,
 * and what they say of scheme and host is in the key.
 */
export const UNKEYED: readonly string[] = [
  'x-host',
  'x-original-host',
  'x-http-host-override',
  'x-url-scheme',
  'front-end-https',
].flatMap((name) => [name, name.replaceAll('-', '_')])
