import type { FlatHeaders, ResponseHead } from '../forward/sink.ts'
import type { Entry } from './entry.ts'
import { fieldLines, fieldValue, singleValue, tokenList, withoutFields } from './fields.ts'
import { isStrong, validatorsOf, weaklyEqual } from './validators.ts'

/** Never taken from a 304 or an answer to HEAD: the length is that of the stored body (RFC 9111, section 3.2). */
const NOT_UPDATED = ['content-length', 'transfer-encoding', 'trailer', 'content-range']

/** What a partial response says about itself, and the whole does not. */
export const LENGTH_AND_RANGE: ReadonlySet<string> = new Set(['content-length', 'content-range'])

/**
 * Whether a 304 is about this stored response, whose validators were sent (RFC 9111, section 4.3.4): its own
 * validators, where it has any, are the same.
 */
export function identifies(stored: Entry, headers: FlatHeaders, receivedMs: number): boolean {
  const { etag, lastModified } = validatorsOf(headers, receivedMs)
  if (etag !== undefined) {
    const known = stored.validators.etag
    if (known === undefined) return true
    return isStrong(etag) ? etag === known : weaklyEqual(etag, known)
  }
  return lastModified === undefined || lastModified === (stored.validators.lastModified ?? lastModified)
}

/** Whether an answer to HEAD describes the stored response to GET (RFC 9111, section 4.3.5). */
export function describes(stored: Entry, headers: FlatHeaders, receivedMs: number): boolean {
  const { etag, lastModified } = validatorsOf(headers, receivedMs)
  const length = singleValue(headers, 'content-length')
  return (
    (etag === undefined || etag === stored.validators.etag) &&
    (lastModified === undefined || lastModified === stored.validators.lastModified) &&
    (length === undefined || Number(length) === stored.size)
  )
}

/** The head of a stored response with the fields of a newer head in the place of its own (RFC 9111, section 3.2). */
export function freshen(stored: Entry, headers: FlatHeaders): ResponseHead {
  const excluded = new Set(NOT_UPDATED)
  for (const name of tokenList(fieldValue(headers, 'connection') ?? '')) excluded.add(name)
  const newer = withoutFields(headers, excluded)
  const replaced = new Set<string>()
  for (let index = 0; index < newer.length; index += 2) replaced.add(newer[index]!.toLowerCase())
  // Without a Date of its own the new head is as old as its reception.
  replaced.add('date')
  return {
    statusCode: stored.statusCode,
    statusMessage: stored.statusMessage,
    headers: [...withoutFields(stored.headers, replaced), ...newer],
  }
}

/** Whether a 206 is the rest of what is stored: it begins where that ends, and both are one version, strongly (section 3.4). */
export function completes(stored: Entry, headers: FlatHeaders, first: number, size: number): boolean {
  const { partial, validators } = stored.policy
  const [etag] = fieldLines(headers, 'etag')
  return (
    partial !== undefined &&
    partial.first === 0 &&
    partial.last + 1 === first &&
    partial.size === size &&
    isStrong(etag) &&
    etag === validators.etag
  )
}
