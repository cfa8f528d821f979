import { hopByHop, isForwarding, isGatewaysOwn, isUnfitForTrailer } from './field-names.ts'
import { ForwardedFields } from './forwarded-fields.ts'
import type { FlatHeaders } from './sink.ts'

/** Field lines as undici or Node hand them over: name, value, name, value, ... */
export type RawFields = readonly (Buffer | string)[]

/** What the gateway knows of a request beside its fields. */
export interface RequestFacts {
  /** The address of the peer of the connection. */
  peer: string
  /** Whether the peer is a proxy whose forwarding fields are believed. */
  trusted: boolean
  scheme: 'http' | 'https'
  /** The version of HTTP that it came over, as in `Via`. */
  version: string
  /** The authority that the client asked for. */
  host: string
  /** The port that the client reached, or 0 where it is unknown. */
  port: number
  requestId: string
  traceParent: string
  /** Whether that began here, so that what belongs to another trace must not go with it. */
  isNewTrace: boolean
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
  const headers: FlatHeaders = facts.host === '' || added?.host !== undefined ? [] : ['host', facts.host]
  let via = ''
  let forwarding: ForwardedFields | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    const lower = name.toLowerCase()
    if (added !== undefined && lower in added) continue
    if (hopByHop.has(lower)) continue
    if (isGatewaysOwn(lower)) {
      if (lower === 'via') via += `${value}, `
      else if (lower === 'max-forwards') headers.push(name, oneLess(value))
      else if (lower === 'tracestate' && !facts.isNewTrace) headers.push(name, value)
    } else if (isForwarding(lower)) {
      if (!facts.trusted) continue
      forwarding ??= new ForwardedFields()
      if (!forwarding.take(lower, value)) headers.push(name, value)
    } else if (named === undefined || !named.includes(lower) || mustStay(lower)) {
      headers.push(name, value)
    }
  }
  if (forwarding === undefined) pushForwarded(headers, facts)
  else forwarding.push(headers, facts)
  headers.push(
    'Via',
    `${via}${facts.version} headgate`,
    'X-Request-Id',
    facts.requestId,
    'traceparent',
    facts.traceParent,
  )
  if (added !== undefined) {
    for (const name in added) if (added[name] !== '') headers.push(name, added[name] as string)
  }
  return headers
}

/** The forwarding fields of a request that came straight from its client. */
function pushForwarded(headers: FlatHeaders, facts: RequestFacts): void {
  if (facts.forwarded) return new ForwardedFields().push(headers, facts)
  headers.push('X-Forwarded-For', facts.peer, 'X-Forwarded-Proto', facts.scheme)
  if (facts.host !== '') headers.push('X-Forwarded-Host', facts.host)
  if (facts.port !== 0) headers.push('X-Forwarded-Port', String(facts.port))
}

/** Fields that Connection may name in vain: the framing of the message, and who the client is. */
function mustStay(name: string): boolean {
  return name === 'content-length' || name === 'cache-control' || name === 'authorization'
}

/** Max-Forwards of the next hop (RFC 9110, section 7.6.2). */
function oneLess(value: string): string {
  return /^\d{1,9}$/.test(value) ? String(Math.max(0, Number(value) - 1)) : value
}

/**
 * The fields that a client gets: those of the server without what belongs to the server's own connection.
 *
 * @param raw field lines as bytes, as undici hands them over
 */
export function responseHeaders(raw: RawFields, statusCode: number): FlatHeaders {
  const lines: FlatHeaders = new Array(raw.length)
  for (let index = 0; index < raw.length; index++) lines[index] = latin1(raw[index] as Buffer | string)
  const named = connectionNamed(lines)
  const headers: FlatHeaders = []
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index] as string
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || lower === 'x-request-id' || named?.includes(lower)) continue
    // A message without content carries no length of its own (RFC 9110, section 8.6).
    if ((statusCode === 204 || statusCode < 200) && lower === 'content-length') continue
    headers.push(name, lines[index + 1] as string)
  }
  return headers
}

/**
 * Trailer fields that may cross: none that frames, routes, authenticates or controls (RFC 9110, section 6.5.1), and
 * none that Connection names in the head of the message.
 */
export function allowedTrailers(raw: RawFields, head: RawFields = []): FlatHeaders {
  const named = connectionNamed(head.map(latin1))
  const trailers: FlatHeaders = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = latin1(raw[index] as Buffer | string)
    const lower = name.toLowerCase()
    if (isUnfitForTrailer(lower) || named?.includes(lower)) continue
    trailers.push(name, latin1(raw[index + 1] as Buffer | string))
  }
  return trailers
}

/** The value of the first line of a field. */
export function fieldValue(raw: RawFields, wanted: string): string | undefined {
  for (let index = 0; index < raw.length; index += 2) {
    if (String(raw[index]).toLowerCase() === wanted) return latin1(raw[index + 1] as Buffer | string)
  }
  return undefined
}

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
