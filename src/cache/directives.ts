import { TOKEN, tokenList } from './fields.ts'
import { parseDictionary } from './structured-field.ts'

/** What the origin asks of a shared cache, from Cache-Control or CDN-Cache-Control. Times are in seconds. */
export interface ResponseDirectives {
  noStore: boolean
  noCache: boolean
  /** `no-cache="a, b"`: fields that must not be used again without validation; they are not stored. */
  noCacheFields: string[]
  private: boolean
  /** `private="a, b"`: fields that are for one user alone; they are not stored. */
  privateFields: string[]
  public: boolean
  /** `public="a, b"`: fields that the origin allows by name to be sent to everybody (Set-Cookie). */
  publicFields: string[]
  mustRevalidate: boolean
  proxyRevalidate: boolean
  mustUnderstand: boolean
  immutable: boolean
  maxAge: number | undefined
  sMaxage: number | undefined
  staleWhileRevalidate: number | undefined
  staleIfError: number | undefined
}

/** What a client asks of the cache (RFC 9111, section 5.2.1). Times are in seconds. */
export interface RequestDirectives {
  noCache: boolean
  noStore: boolean
  onlyIfCached: boolean
  maxAge: number | undefined
  minFresh: number | undefined
  /** Infinity for `max-stale` without an argument. */
  maxStale: number | undefined
  staleIfError: number | undefined
}

interface Directive {
  name: string
  /** The argument with its quotes taken off, or undefined where there is none. */
  argument: string | undefined
  /** What follows the name is no argument that the grammar knows. */
  malformed: boolean
}

/** Greater delta-seconds count as this (RFC 9111, section 1.2.2). */
export const LONGEST_SECONDS = 2 ** 31

/** Seconds of a delta-seconds, or undefined when the text is none. */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  return text.length > 10 ? LONGEST_SECONDS : Math.min(Number(text), LONGEST_SECONDS)
}

/**
 * Reads Cache-Control of a response. Of two directives the stricter wins, a time that cannot be read is 0
 * (RFC 9111, section 4.2.1), what is unknown is ignored, and what forbids is honoured however it is written.
 */
export function parseResponseDirectives(value: string): ResponseDirectives {
  const result = noResponseDirectives()
  const { directives, broken } = split(value)
  for (const directive of directives) applyResponse(result, directive)
  if (broken) {
    result.public = false
    result.maxAge = result.sMaxage = 0
  }
  return result
}

/**
 * Reads CDN-Cache-Control (RFC 9213): a dictionary, which takes the place of Cache-Control and Expires for us.
 * Undefined when it is empty or invalid, and then it does not exist.
 */
export function parseTargetedDirectives(value: string): ResponseDirectives | undefined {
  const members = parseDictionary(value)
  if (members === undefined || members.size === 0) return undefined
  const result = noResponseDirectives()
  for (const [name, member] of members) {
    if (TIMES.has(name) && (member.type !== 'integer' || (member.value as number) < 0)) return undefined
    if (member.type === 'boolean' && member.value === false) continue
    const argument =
      member.type === 'boolean' || member.value === undefined ? undefined : String(member.value)
    applyResponse(result, { name, argument, malformed: false })
  }
  return result
}

/** Reads Cache-Control of a request. What restricts the cache and cannot be read restricts it most. */
export function parseRequestDirectives(value: string): RequestDirectives {
  const result: RequestDirectives = { ...NO_DEMANDS }
  for (const { name, argument, malformed } of split(value).directives) {
    const seconds = argument === undefined || malformed ? undefined : parseSeconds(argument)
    if (name === 'no-cache') result.noCache = true
    else if (name === 'no-store') result.noStore = true
    else if (name === 'only-if-cached') result.onlyIfCached = true
    else if (name === 'max-age') result.maxAge = least(result.maxAge, seconds ?? 0)
    else if (name === 'min-fresh')
      result.minFresh = Math.max(result.minFresh ?? 0, seconds ?? LONGEST_SECONDS)
    else if (name === 'stale-if-error') result.staleIfError = least(result.staleIfError, seconds ?? 0)
    else if (name === 'max-stale') {
      const limit = argument === undefined && !malformed ? Number.POSITIVE_INFINITY : (seconds ?? 0)
      result.maxStale = least(result.maxStale, limit)
    }
  }
  return result
}

/** A request that asks nothing of the cache. */
export const NO_DEMANDS: Readonly<RequestDirectives> = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
  staleIfError: undefined,
}

/** `Pragma: no-cache` where no Cache-Control stands (RFC 9111, section 5.4). */
export const PRAGMA_NO_CACHE: Readonly<RequestDirectives> = { ...NO_DEMANDS, noCache: true }

export function noResponseDirectives(): ResponseDirectives {
  return {
    noStore: false,
    noCache: false,
    noCacheFields: [],
    private: false,
    privateFields: [],
    public: false,
    publicFields: [],
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    immutable: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  }
}

const TIMES = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])

function applyResponse(result: ResponseDirectives, { name, argument, malformed }: Directive): void {
  const seconds = argument === undefined || malformed ? 0 : (parseSeconds(argument) ?? 0)
  switch (name) {
    case 'no-store':
      result.noStore = true
      break
    case 'no-cache': {
      const fields = malformed ? undefined : fieldNames(argument)
      if (fields === undefined) result.noCache = true
      else result.noCacheFields.push(...fields)
      break
    }
    case 'private': {
      const fields = malformed ? undefined : fieldNames(argument)
      if (fields === undefined) result.private = true
      else result.privateFields.push(...fields)
      break
    }
    case 'public':
      if (malformed) break
      result.public = true
      result.publicFields.push(...(fieldNames(argument) ?? []))
      break
    case 'must-revalidate':
      result.mustRevalidate = true
      break
    case 'proxy-revalidate':
      result.proxyRevalidate = true
      break
    case 'must-understand':
      result.mustUnderstand = true
      break
    case 'immutable':
      result.immutable = !malformed
      break
    case 'max-age':
      result.maxAge = least(result.maxAge, seconds)
      break
    case 's-maxage':
      result.sMaxage = least(result.sMaxage, seconds)
      break
    case 'stale-while-revalidate':
      result.staleWhileRevalidate = least(result.staleWhileRevalidate, seconds)
      break
    case 'stale-if-error':
      result.staleIfError = least(result.staleIfError, seconds)
      break
  }
}

/** The names that qualify a directive; undefined when it stands for the whole response. */
function fieldNames(argument: string | undefined): string[] | undefined {
  if (argument === undefined) return undefined
  const names = tokenList(argument)
  return names.length > 0 && names.every((name) => TOKEN.test(name)) ? names : undefined
}

function least(known: number | undefined, seconds: number): number {
  return known === undefined ? seconds : Math.min(known, seconds)
}

/**
 * Cuts a field into directives: `token [ "=" ( token / quoted-string ) ]`, with commas between.
 * A quote that is never closed hides nothing: what follows it is read as if it were not there, and the whole
 * is `broken`, so that no permission hidden in it counts.
 */
function split(value: string): { directives: Directive[]; broken: boolean } {
  const directives: Directive[] = []
  let broken = false
  let at = 0
  while (at < value.length) {
    const { end, closed } = elementEnd(value, at)
    if (!closed) broken = true
    const directive = readDirective(value.slice(at, end).trim())
    if (directive !== undefined) directives.push(directive)
    at = end + 1
  }
  return { directives, broken }
}

function elementEnd(value: string, from: number): { end: number; closed: boolean } {
  let quoted = false
  for (let at = from; at < value.length; at++) {
    const char = value.charCodeAt(at)
    if (quoted && char === 0x5c) at++
    else if (char === 0x22) quoted = !quoted
    else if (char === 0x2c && !quoted) return { end: at, closed: true }
  }
  if (!quoted) return { end: value.length, closed: true }
  const comma = value.indexOf(',', from)
  return { end: comma < 0 ? value.length : comma, closed: false }
}

function readDirective(text: string): Directive | undefined {
  const name = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.exec(text)?.[0]
  if (name === undefined) return undefined
  const rest = text.slice(name.length)
  const lower = name.toLowerCase()
  if (rest === '') return { name: lower, argument: undefined, malformed: false }
  const argument = rest.slice(1)
  if (rest.startsWith('=') && TOKEN.test(argument)) return { name: lower, argument, malformed: false }
  if (rest.startsWith('="') && /^"(?:[^"\\]|\\.)*"$/s.test(argument)) {
    return { name: lower, argument: argument.slice(1, -1).replace(/\\(.)/gs, '$1'), malformed: false }
  }
  return { name: lower, argument: undefined, malformed: true }
}
