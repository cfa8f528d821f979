import type { IncomingHttpHeaders } from 'node:http'
import type { FlatHeaders } from '../forward/sink.ts'
import { parseHttpDate } from './dates.ts'
import { singleValue } from './fields.ts'

/** What tells one version of a representation from another (RFC 9110, section 8.8). Times are milliseconds since 1970. */
export interface Validators {
  etag: string | undefined
  lastModified: number | undefined
  /** When the origin made the response: its Date, or the time of reception. */
  date: number
}

/** Reads the validators of a response that was received at `receivedMs`. */
export function validatorsOf(headers: FlatHeaders, receivedMs: number): Validators {
  const modified = singleValue(headers, 'last-modified')
  const date = singleValue(headers, 'date')
  return {
    etag: singleValue(headers, 'etag'),
    lastModified: modified === undefined ? undefined : parseHttpDate(modified, receivedMs),
    date: (date === undefined ? undefined : parseHttpDate(date, receivedMs)) ?? receivedMs,
  }
}

export function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag)
}

/** Weak comparison (RFC 9110, section 8.8.3.2). */
export function weaklyEqual(a: string, b: string): boolean {
  return a === b || opaque(a) === opaque(b)
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}

/**
 * Whether the client already has this version, by RFC 9111, section 4.3.2: If-None-Match decides alone where it
 * stands, else If-Modified-Since, against Last-Modified or the Date.
 */
export function isNotModified(headers: IncomingHttpHeaders, validators: Validators, nowMs: number): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) {
    if (tags.trim() === '*') return true
    const { etag } = validators
    return etag !== undefined && entityTags(tags).some((tag) => weaklyEqual(tag, etag))
  }
  const since = headers['if-modified-since']
  if (since === undefined) return false
  const sinceMs = parseHttpDate(since, nowMs)
  return sinceMs !== undefined && (validators.lastModified ?? validators.date) <= sinceMs
}

/**
 * Whether a Range may be honoured: there is no If-Range, or it names this very version by a strong validator
 * (RFC 9110, section 13.1.5). A date is one when it is at least a second older than the response.
 */
export function mayHonourRange(headers: IncomingHttpHeaders, validators: Validators, nowMs: number): boolean {
  const condition = headers['if-range']
  if (condition === undefined) return true
  const text = String(condition).trim()
  if (isStrong(text)) return text === validators.etag
  const { lastModified, date } = validators
  if (lastModified === undefined || date - lastModified < 1000) return false
  return parseHttpDate(text, nowMs) === lastModified
}

/** The entity tags of a list; commas may stand inside of a tag. */
function entityTags(value: string): string[] {
  return value.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? []
}
