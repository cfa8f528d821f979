import type { IncomingHttpHeaders } from 'node:http'
import type { ResponseSink } from '../forward/sink.ts'
import type { Entry } from './entry.ts'
import { singleValue } from './fields.ts'
import type { Fill } from './fill.ts'
import type { FillPurpose } from './fill-owner.ts'
import type { CacheRequest } from './key.ts'
import type { Attach, Lookup, RequestChanges } from './lookup.ts'
import { CONDITIONS, isConditional, UNKEYED } from './request.ts'
import { isStrong } from './validators.ts'

/** The client's own range and conditions are for the server to judge. */
export const AS_IS: RequestChanges = { remove: UNKEYED, add: [] }

const WHOLE = [...UNKEYED, ...CONDITIONS]

/** The whole response is asked for; the cache judges the client's range and conditions. */
const UNCONDITIONAL: RequestChanges = { remove: WHOLE, add: [] }

export function requestChanges(purpose: FillPurpose, stored: Entry | undefined): RequestChanges {
  if (stored === undefined || purpose === 'response') return UNCONDITIONAL
  return purpose === 'completion' ? completion(stored) : validation(stored)
}

/** Asks whether what is stored is still right (RFC 9111, section 4.3.1). */
function validation({ headers, validators }: Entry): RequestChanges {
  const { etag, lastModified } = validators
  const modified = lastModified === undefined ? undefined : singleValue(headers, 'last-modified')
  if (etag === undefined && modified === undefined) return UNCONDITIONAL
  const add: string[] = []
  if (etag !== undefined) add.push('If-None-Match', etag)
  if (modified !== undefined) add.push('If-Modified-Since', modified)
  return { remove: WHOLE, add }
}

/**
 * Whether the client's request goes to the server with its own range and conditions. Without a complete stored response
 * a range is fetched as a range, and a condition judged by the server; a static asset is fetched whole, because it
 * will be stored.
 */
export function isForwardedAsIs({ method, mode, headers }: CacheRequest, stored: Entry | undefined): boolean {
  if (method === 'HEAD') return true
  if (stored !== undefined && !stored.isPartial) return false
  return headers.range !== undefined || (mode === 'all' && isConditional(headers))
}

export function purposeOf(stored: Entry | undefined): FillPurpose {
  if (stored === undefined) return 'response'
  if (mayBeCompleted(stored)) return 'completion'
  return stored.isPartial ? 'response' : 'validation'
}

/** Whether the stored part is the beginning of a response whose rest can be asked for. */
function mayBeCompleted({ policy }: Entry): boolean {
  return policy.partial?.first === 0 && isStrong(policy.validators.etag)
}

/** Asks for the rest of what is stored, or for all of it when it has changed (RFC 9110, section 14.2). */
function completion({ policy }: Entry): RequestChanges {
  const next = (policy.partial?.last ?? -1) + 1
  return { remove: WHOLE, add: ['Range', `bytes=${next}-`, 'If-Range', policy.validators.etag ?? ''] }
}

/**
 * The fields of a request as the server gets them: what it varies by is what it sees.
 *
 * @param changes fields that replace the client's, names in lower case; an empty value removes one
 */
export function fieldsAsSent(
  sent: IncomingHttpHeaders,
  changes: Readonly<Record<string, string>>,
): IncomingHttpHeaders {
  const fields = { ...sent }
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') delete fields[name]
    else fields[name] = value
  }
  return fields
}

export function attachTo(fill: Fill, request: CacheRequest): Attach {
  return (client: ResponseSink, again: (lookup: Lookup) => void) => fill.attach(request, client, again)
}
