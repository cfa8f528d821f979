import { randomBytes } from 'node:crypto'

const wellFormed = /^[\w.:/+=@-]{1,128}$/
const identifiers = '(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}'
/** A version above 00 may have more parts behind these. */
const traceParent = new RegExp(`^(?:00-${identifiers}|(?!00|ff)[0-9a-f]{2}-${identifiers}(?:-.*)?)$`)

/** Makes identifiers that are unique among processes: random bytes drawn once, then a count. */
export function requestIds(): () => string {
  const prefix = randomBytes(9).toString('base64url')
  let count = 0
  return () => `${prefix}-${(++count).toString(36)}`
}

/** True for an identifier that may be passed on: short, and safe in any log. */
export function isRequestId(text: string): boolean {
  return wellFormed.test(text)
}

/** True for a value of `traceparent` as W3C Trace Context, section 3.2 has it. */
export function isTraceParent(text: string): boolean {
  return traceParent.test(text)
}

let entropy = Buffer.alloc(0)
let used = 0

/** Begins a trace: version 00, random identifiers, not sampled (the gateway itself records no spans). */
export function newTraceParent(): string {
  if (used === entropy.length) {
    entropy = randomBytes(24 * 256)
    used = 0
  }
  const hex = entropy.toString('hex', used, used + 24)
  used += 24
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-00`
}
