import type { IncomingHttpHeaders } from 'node:http2'
import { stringify } from 'node:querystring'
import { type Dispatcher, errors } from 'undici'

/** Field lines of a request as `node:http2` takes them, pseudo fields first: name, value, name, value, ... */
export type Http2Fields = string[]

/** Fields of one connection alone (RFC 9113, section 8.2.2), and `Host`, which `:authority` stands for. */
const dropped: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

const tokens = /^[\^`\-\w!#$%&'*+.|~]+$/
const unfitForValue = /[^\t\x20-\x7e\x80-\xff]/
const unfitForPath = /[^\u0021-\u00ff]/

/** The head of a request. Throws undici's errors for what cannot be sent. */
export function requestFields(options: Dispatcher.DispatchOptions, origin: URL): Http2Fields {
  const method = options.method ?? 'GET'
  if (!tokens.test(method)) throw new errors.InvalidArgumentError('invalid request method')
  if (method === 'CONNECT') throw new errors.NotSupportedError('CONNECT is not supported over HTTP/2')
  const fields: Http2Fields = [
    ...[':method', method, ':scheme', origin.protocol.slice(0, -1)],
    ...[':authority', origin.host, ':path', pathOf(options)],
  ]
  addAll(fields, options.headers)
  // Trailers are passed on, and servers of gRPC refuse those who do not say so.
  if (fieldOf(fields, 'te') === undefined) fields.push('te', 'trailers')
  if (options.expectContinue === true) fields.push('expect', '100-continue')
  return fields
}

const authorityAt = 5

function add(fields: Http2Fields, name: string, value: string): void {
  const lower = name.toLowerCase()
  if (!tokens.test(lower)) throw new errors.InvalidArgumentError('invalid header key')
  if (unfitForValue.test(value)) throw new errors.InvalidArgumentError(`invalid ${lower} header`)
  if (lower === 'host') fields[authorityAt] = value
  if (lower === 'expect') throw new errors.NotSupportedError('expect header not supported')
  if (dropped.has(lower)) return
  // The one value that HTTP/2 knows; gRPC asks for it.
  if (lower === 'te') {
    if (/(?:^|,)\s*trailers\s*(?:$|[,;])/i.test(value)) fields.push(lower, 'trailers')
    return
  }
  fields.push(lower, value)
}

function pathOf({ path, query }: Dispatcher.DispatchOptions): string {
  if (path[0] !== '/' && path !== '*') throw new errors.InvalidArgumentError('path must start with /')
  if (unfitForPath.test(path)) throw new errors.InvalidArgumentError('invalid request path')
  const search = query ? stringify(query as Record<string, string>) : ''
  return search === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${search}`
}

/** Every form of headers that undici takes: flat lines, pairs, a record. */
function addAll(fields: Http2Fields, headers: Dispatcher.DispatchOptions['headers']): void {
  if (headers === null || headers === undefined) return
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    if (headers.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even')
    for (let index = 0; index < headers.length; index += 2) {
      add(fields, String(headers[index]), String(headers[index + 1]))
    }
    return
  }
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers)
  for (const [name, value] of pairs as Iterable<[string, unknown]>) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) add(fields, name, String(one))
  }
}

/** The value of a field; the name in lower case. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1]
  }
  return undefined
}

/** What a server has sent, without pseudo fields, which come first (RFC 9113, section 8.3). */
export function plainFields(raw: readonly string[]): string[] {
  let start = 0
  while (start < raw.length && raw[start]!.startsWith(':')) start += 2
  return raw.slice(start)
}

/** The same as an object. */
export function parsedFields({ ':status': _, ...fields }: IncomingHttpHeaders): IncomingHttpHeaders {
  return fields
}
