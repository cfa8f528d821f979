import type { FlatHeaders } from '../forward/sink.ts'
import { parseHttpDate } from './dates.ts'
import { LONGEST_SECONDS, parseSeconds, type ResponseDirectives } from './directives.ts'
import { fieldLines } from './fields.ts'

/** When a response was asked for and received, on both clocks. Milliseconds. */
export interface Reception {
  requestedAt: number
  receivedAt: number
  /** Milliseconds since 1970. */
  receivedWall: number
}

/** How long a response is fresh, and who said so. */
export interface Lifetime {
  ms: number
  source: 's-maxage' | 'max-age' | 'expires' | 'heuristic' | 'default' | 'none'
}

/** Statuses that may be given a heuristic lifetime (RFC 9110, section 15.1; 451: RFC 7725). */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501])

/** A heuristic lifetime is a tenth of the time since the last modification, and at most this: a day. */
const LONGEST_HEURISTIC_MS = 86_400_000

export function isHeuristicallyCacheable(statusCode: number): boolean {
  return HEURISTIC.has(statusCode)
}

/** The lifetime that the origin gave (RFC 9111, section 4.2.1), or undefined. `expires` is false where a targeted field stands in its place. */
export function explicitLifetime(
  headers: FlatHeaders,
  directives: ResponseDirectives,
  date: number,
  expires: boolean,
): Lifetime | undefined {
  if (directives.sMaxage !== undefined) return { ms: directives.sMaxage * 1000, source: 's-maxage' }
  if (directives.maxAge !== undefined) return { ms: directives.maxAge * 1000, source: 'max-age' }
  const lines = expires ? fieldLines(headers, 'expires') : []
  if (lines.length === 0) return undefined
  // An invalid date, the value 0 above all, lies in the past (section 5.3); of several the earliest counts.
  const times = lines.map((line) => parseHttpDate(line, date) ?? 0)
  return { ms: clamp(Math.min(...times) - date), source: 'expires' }
}

/** A tenth of the age of the representation (section 4.2.2), where it says when it was last modified. */
export function heuristicLifetime(lastModified: number | undefined, date: number): Lifetime | undefined {
  if (lastModified === undefined) return undefined
  return { ms: Math.min(clamp((date - lastModified) / 10), LONGEST_HEURISTIC_MS), source: 'heuristic' }
}

/** The corrected initial age, in milliseconds (section 4.2.3). */
export function initialAge(headers: FlatHeaders, date: number, reception: Reception): number {
  // HTTP dates are whole seconds: the fraction of this second is no age.
  const receivedSecond = Math.floor(reception.receivedWall / 1000) * 1000
  const apparent = Math.max(0, receivedSecond - date)
  const delay = Math.max(0, reception.receivedAt - reception.requestedAt)
  return Math.max(apparent, ageField(headers) * 1000 + delay)
}

/** The first member of Age, in seconds; 0 where it is absent or no whole number (section 5.1). */
function ageField(headers: FlatHeaders): number {
  const [line] = fieldLines(headers, 'age')
  if (line === undefined) return 0
  return parseSeconds(line.split(',', 1)[0]!.trim()) ?? 0
}

function clamp(ms: number): number {
  return Math.min(Math.max(0, ms), LONGEST_SECONDS * 1000)
}
