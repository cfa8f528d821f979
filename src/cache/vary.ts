import type { IncomingHttpHeaders } from 'node:http'
import type { FlatHeaders } from '../forward/sink.ts'
import { fieldLines, TOKEN, tokenList } from './fields.ts'

/** Fields of content negotiation: lists whose order means nothing and whose names ignore case. */
const NEGOTIATED = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])

/** What these say is in the primary key already. */
const IN_KEY = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto'])

/** The gateway writes these itself, so that what the server saw is not what the client sent. */
const WRITTEN = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-real-ip',
  'x-client-ip',
  'x-request-id',
  'traceparent',
  'tracestate',
  'via',
])

/** A field of this name never gets into an object of fields, so that nobody here knows what a client said in it. */
const UNREADABLE = '__proto__'

/** A response that varies by more than this is not stored. */
const MOST_NAMES = 32

/**
 * The field names that a response varies by, sorted, each once. Undefined when it can match no other request:
 * `*` anywhere in the list, a member that is no field name (RFC 9111, section 4.1), or a field whose value only the
 * server knows.
 */
export function varyNames(headers: FlatHeaders): readonly string[] | undefined {
  const lines = fieldLines(headers, 'vary')
  if (lines.length === 0) return NO_NAMES
  const names = new Set(tokenList(lines.join(',')))
  if (names.size > MOST_NAMES) return undefined
  for (const name of names) {
    if (name === '*' || name === UNREADABLE || !TOKEN.test(name) || WRITTEN.has(name)) return undefined
    if (IN_KEY.has(name)) names.delete(name)
  }
  return [...names].sort()
}

const NO_NAMES: readonly string[] = []

/**
 * The secondary key: what a request says in the fields that a response varies by. Two requests with equal keys
 * get the same variant.
 */
export function selectingKey(names: readonly string[], headers: IncomingHttpHeaders): string {
  let key = ''
  for (const name of names) {
    // Every object has a `constructor`; not every request has a field of that name.
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined
    key += value === undefined ? `${name}\n` : `${name}:${normalise(name, combined(value))}\n`
  }
  return key
}

function combined(value: string | string[]): string {
  return typeof value === 'string' ? value : value.join(', ')
}

/** Only what provably means the same becomes the same (RFC 9111, section 4.1). */
function normalise(name: string, value: string): string {
  if (!NEGOTIATED.has(name)) return withoutListSpace(value)
  const members = value.includes('"') ? [] : tokenList(value)
  if (members.length === 0) return withoutListSpace(value)
  return members.map(normaliseMember).sort().join(',')
}

/** `EN ; q=1.0` becomes `en`: a weight of 1 is the default (RFC 9110, section 12.4.2). */
function normaliseMember(member: string): string {
  return member.replace(/[ \t]*([;=])[ \t]*/g, '$1').replace(/;q=1(?:\.0{0,3})?$/, '')
}

/** Takes white space off around commas that stand outside quotes, and at both ends. */
function withoutListSpace(value: string): string {
  if (!value.includes(',')) return value.trim()
  if (!value.includes('"')) return value.replace(/[ \t]*,[ \t]*/g, ',').trim()
  return value
    .split(/("(?:[^"\\]|\\.)*")/s)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[ \t]*,[ \t]*/g, ',')))
    .join('')
    .trim()
}
