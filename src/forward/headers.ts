import type { FlatHeaders } from './sink.ts'

/** Fields of one connection alone (RFC 9110, section 7.6.1), and those that our client writes by itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Of a request, also what the gateway says itself or has already answered. */
const notForwarded = new Set([...hopByHop, 'expect', 'http2-settings', 'via', 'x-request-id', 'traceparent'])

/** Fields by which a proxy vouches for its client; kept from trusted proxies alone. Servers read `_` as `-`. */
const forwardingField = /^(?:x[-_]forwarded[-_].*|forwarded|x[-_]real[-_]ip)$/
const longestHopByHop = Math.max(...[...notForwarded].map((name) => name.length))

/** What the gateway knows of a request beside its fields. */
export interface RequestFacts {
  /** The address of the peer of the connection. */
  peer: string
  /** Whether the peer is a proxy whose forwarding fields are believed. */
  trusted: boolean
  scheme: 'http' | 'https'
  /** The authority that the client asked for. */
  host: string
  /** The port that the client reached, or 0 where it is unknown. */
  port: number
  requestId: string
  traceParent: string
  /** Also send `Forwarded` (RFC 7239). */
  forwarded: boolean
}

/**
 * The fields that a server gets: those of the client without what belongs to the client's own connection, and with
 * the gateway's `Host`, `Via`, `X-Request-Id`, `traceparent` and forwarding fields.
 *
 * @param raw field lines as they arrived
 * @param added fields that replace those of the client, names in lower case; an empty value removes one
 */
export function requestHeaders(
  raw: readonly string[],
  facts: RequestFacts,
  added: Readonly<Record<string, string>> | undefined,
): FlatHeaders {
  const named = connectionNamed(raw)
  const headers: FlatHeaders = facts.host === '' ? [] : ['host', facts.host]
  let via = '1.1 headgate'
  let chain = facts.peer
  let proto: string = facts.scheme
  let host = facts.host
  let port = ''
  let forwarded: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    const lower = name.toLowerCase()
    if (lower === 'host' || (added !== undefined && lower in added)) continue
    if (lower.length <= longestHopByHop && notForwarded.has(lower)) {
      if (lower === 'via') via = `${value}, ${via}`
      continue
    }
    if (forwardingField.test(lower)) {
      if (!facts.trusted) continue
      if (lower === 'x-forwarded-for') chain = `${value}, ${facts.peer}`
      else if (lower === 'x-forwarded-proto') proto = value
      else if (lower === 'x-forwarded-host') host = value
      else if (lower === 'x-forwarded-port') port = value
      else if (lower === 'forwarded') forwarded = value
      else headers.push(name, value)
      continue
    }
    if (named?.includes(lower) && !mustStay(lower)) continue
    headers.push(name, value)
  }
  headers.push('X-Forwarded-For', chain, 'X-Forwarded-Proto', proto)
  if (host !== '') headers.push('X-Forwarded-Host', host)
  if (port !== '' || facts.port !== 0) headers.push('X-Forwarded-Port', port || String(facts.port))
  if (facts.forwarded) headers.push('Forwarded', forwardedElement(facts, forwarded))
  else if (forwarded !== undefined) headers.push('Forwarded', forwarded)
  headers.push('Via', via, 'X-Request-Id', facts.requestId, 'traceparent', facts.traceParent)
  if (added !== undefined) {
    for (const name in added) if (added[name] !== '') headers.push(name, added[name] as string)
  }
  return headers
}

/** One element of Forwarded (RFC 7239, section 4), behind those that a trusted proxy sent. */
function forwardedElement(facts: RequestFacts, before: string | undefined): string {
  const node = facts.peer.includes(':') ? `"[${facts.peer}]"` : facts.peer
  const element = `for=${node};proto=${facts.scheme};host="${facts.host.replace(/["\\]/g, '')}"`
  return before === undefined ? element : `${before}, ${element}`
}

/** Fields that Connection may name in vain: the framing of the message and what the gateway vouches for. */
function mustStay(name: string): boolean {
  return name === 'content-length' || name === 'cache-control' || name === 'authorization'
}

/**
 * The fields that a client gets: those of the server without what belongs to the server's own connection.
 *
 * @param raw field lines as bytes, as undici hands them over
 */
export function responseHeaders(raw: readonly (Buffer | string)[], statusCode: number): FlatHeaders {
  const lines: FlatHeaders = new Array(raw.length)
  for (let index = 0; index < raw.length; index++) lines[index] = latin1(raw[index] as Buffer | string)
  const named = connectionNamed(lines)
  const headers: FlatHeaders = []
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index] as string
    const lower = name.toLowerCase()
    if (lower.length <= longestHopByHop && (hopByHop.has(lower) || lower === 'x-request-id')) continue
    if (named?.includes(lower)) continue
    // A message without content carries no length of its own (RFC 9110, section 8.6).
    if (statusCode === 204 && lower === 'content-length') continue
    headers.push(name, lines[index + 1] as string)
  }
  return headers
}

/** Trailer fields that may cross: none that frames, routes, authenticates or controls (RFC 9110, section 6.5.1). */
export function allowedTrailers(raw: readonly (Buffer | string)[]): FlatHeaders {
  const trailers: FlatHeaders = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = latin1(raw[index] as Buffer | string)
    const lower = name.toLowerCase()
    if (notForwarded.has(lower) || forbiddenTrailers.has(lower) || forwardingField.test(lower)) continue
    trailers.push(name, latin1(raw[index + 1] as Buffer | string))
  }
  return trailers
}

const forbiddenTrailers = new Set([
  ...[
    'host',
    'content-length',
    'content-encoding',
    'content-type',
    'content-range',
    'max-forwards',
    'pragma',
  ],
  ...['authorization', 'www-authenticate', 'cookie', 'set-cookie', 'cache-control', 'age', 'expires', 'date'],
  ...['vary', 'location', 'retry-after', 'range', 'if-match', 'if-none-match', 'if-range', 'warning'],
])

/** The field names that Connection lists, in lower case. */
function connectionNamed(raw: readonly string[]): string[] | undefined {
  let named: string[] | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = (raw[index + 1] as string).toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    named = (named ?? []).concat(value.split(',').map((token) => token.trim()))
  }
  return named
}

function latin1(bytes: Buffer | string): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1')
}
