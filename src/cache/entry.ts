import type { FlatHeaders, ResponseHead } from '../forward/sink.ts'
import { type Detail, hitStatus } from './cache-status.ts'
import { formatHttpDate, parseHttpDate } from './dates.ts'
import { fieldValue, singleValue, tokenList, withoutFields } from './fields.ts'
import type { CacheRequest } from './key.ts'
import { resolveRange } from './range.ts'
import { headText } from './ready-hit.ts'
import { type Representation, select } from './selection.ts'
import type { Policy } from './storage.ts'
import { mayHonourRange, type Validators } from './validators.ts'

/** A response that is ready to be sent. The headers may be shared: whoever changes them copies them first. */
export interface Answer {
  statusCode: number
  statusMessage: string
  headers: FlatHeaders
  /** Undefined where there is none: HEAD, 204, 304, 416. */
  body: Buffer | undefined
}

/** What an entry costs besides its bytes: objects, links, indexes. */
const OVERHEAD_BYTES = 1024

/** Tags of an entry beyond these are ignored. */
const MOST_TAGS = 128

/** A stored response: one variant of one resource. Immutable, but for its place in the store and its counters. */
export class Entry implements Representation {
  // What a hit looks at stands first, and in no objects of its own: among many entries each is a wait for memory.

  /** The lower-case names of the fields that it varies by. */
  readonly vary: readonly string[]
  /** Never used without asking the origin. */
  readonly noCache: boolean
  /** Milliseconds that it is fresh for. */
  readonly #lifetime: number
  /** When it was of no age, on the monotonic clock, in whole milliseconds: V8 keeps a fraction in another object. */
  readonly #bornAt: number
  /** The head of a hit that wants all of it, but for what changes; undefined where nobody gets it so. */
  readonly readyHead: string | undefined
  /** The whole body, or the bytes that `policy.partial` names. */
  readonly body: Buffer
  readonly statusCode: number
  readonly statusMessage: string
  /** Requests served from it. */
  hits = 0
  /** The store's: uses since the eviction last looked at it. */
  uses = 0

  readonly key: string
  /** Ready to send, but for Age and Cache-Status. */
  readonly headers: FlatHeaders
  readonly policy: Policy
  /** The secondary key, under `vary`. */
  readonly selecting: string
  readonly bytes: number
  readonly tags: readonly string[]
  /** Milliseconds since 1970. */
  readonly storedAt: number
  /** A revalidation in the background is under way. */
  revalidating = false

  // The store's own: its place in the eviction order, and among the variants of its resource.
  queue = 0
  older: Entry | undefined
  newer: Entry | undefined
  /** The next older variant under the same key. */
  nextVariant: Entry | undefined

  constructor(parts: {
    key: string
    head: ResponseHead
    policy: Policy
    selecting: string
    body: Buffer
    storedAt: number
  }) {
    const { head, policy, body } = parts
    this.key = parts.key
    this.policy = policy
    this.#lifetime = policy.lifetime.ms
    this.#bornAt = Math.floor(policy.receivedAt - policy.initialAge)
    this.noCache = policy.noCache
    this.vary = policy.vary
    this.selecting = parts.selecting
    this.body = body
    this.storedAt = parts.storedAt
    this.statusCode = policy.partial === undefined ? head.statusCode : 200
    this.statusMessage = policy.partial === undefined ? head.statusMessage : 'OK'
    this.headers = storedHeaders(head, policy, body.length)
    this.tags = tagsOf(this.headers)
    this.readyHead =
      this.isPartial || body.length === 0
        ? undefined
        : headText(this.statusCode, this.statusMessage, this.headers)
    let bytes = OVERHEAD_BYTES + body.length + 2 * this.key.length + this.selecting.length
    bytes += this.readyHead?.length ?? 0
    for (const text of this.headers) bytes += text.length + 16
    this.bytes = bytes
  }

  get validators(): Validators {
    return this.policy.validators
  }

  get size(): number {
    return this.policy.partial?.size ?? this.body.length
  }

  get isPartial(): boolean {
    return this.policy.partial !== undefined
  }

  /** Milliseconds; `now` is on the monotonic clock (RFC 9111, section 4.2.3). */
  age(now: number): number {
    return now - this.#bornAt
  }

  /** Milliseconds that it stays fresh; negative when it is stale. */
  remaining(now: number): number {
    return this.#lifetime - this.age(now)
  }

  /**
   * When it can be collected: what is stale is kept for as long as the origin lets it be used, for one more
   * interval of the collector, and for as long again as it was fresh where it can be validated.
   */
  usefulUntil(interval: number): number {
    const { policy } = this
    const { etag, lastModified } = policy.validators
    const canBeValidated = etag !== undefined || lastModified !== undefined
    const grace = Math.max(
      interval,
      policy.staleWhileRevalidate,
      policy.staleIfError ?? 0,
      canBeValidated ? policy.lifetime.ms : 0,
    )
    return policy.receivedAt - policy.initialAge + policy.lifetime.ms + grace
  }

  /** Whether it holds what the request wants of the body. */
  canAnswer({ method, headers }: CacheRequest, nowMs: number): boolean {
    const { partial } = this.policy
    if (partial === undefined) return true
    if (method !== 'GET' || headers.range === undefined) return false
    if (!mayHonourRange(headers, this.validators, nowMs)) return false
    const range = resolveRange(headers.range, partial.size)
    if (range === undefined) return false
    return range === 'unsatisfiable' || (range.first >= partial.first && range.last <= partial.last)
  }

  /** The answer to a request that {@link canAnswer}. `status` is the Cache-Status; by default that of a hit. */
  answer(
    { method, headers }: CacheRequest,
    now: number,
    nowMs: number,
    more: { status?: string; detail?: Detail } = {},
  ): Answer {
    const selection = select(this, method, headers, nowMs)
    const offset = this.policy.partial?.first ?? 0
    const { range } = selection
    return {
      statusCode: selection.statusCode,
      statusMessage: selection.statusMessage,
      headers: [...selection.headers, ...this.ageFields(now, more.detail, more.status)],
      body:
        range === null || this.body.length === 0
          ? undefined
          : range === undefined
            ? this.body
            : this.body.subarray(range.first - offset, range.last - offset + 1),
    }
  }

  /** The fields that change from hit to hit. */
  ageFields(now: number, detail?: Detail, status?: string): FlatHeaders {
    const age = Math.floor(this.age(now) / 1000)
    const ttl = Math.floor(this.#lifetime / 1000) - age
    return ['Age', String(age), 'Cache-Status', status ?? hitStatus(ttl, detail)]
  }
}

const DATE = new Set(['date'])
const LENGTH = new Set(['content-length'])
const PARTIAL = new Set(['content-length', 'content-range'])

/** The fields that are kept: with a valid Date (RFC 9110, section 6.6.1), and with the length of what is stored. */
function storedHeaders(head: ResponseHead, policy: Policy, length: number): FlatHeaders {
  let headers = withoutFields(head.headers, policy.omitted)
  if (policy.partial !== undefined) headers = withoutFields(headers, PARTIAL)
  else if (head.statusCode !== 204 && singleValue(headers, 'content-length') !== String(length)) {
    headers = withoutFields(headers, LENGTH)
    headers.push('Content-Length', String(length))
  }
  const { date } = policy.validators
  const sent = singleValue(headers, 'date')
  if (sent !== undefined && parseHttpDate(sent, date) !== undefined) return headers
  return [...withoutFields(headers, DATE), 'Date', formatHttpDate(date)]
}

/** The tags of Cache-Tag (a list with commas) and Surrogate-Key (words). */
function tagsOf(headers: FlatHeaders): readonly string[] {
  const listed = fieldValue(headers, 'cache-tag')
  const words = fieldValue(headers, 'surrogate-key')
  if (listed === undefined && words === undefined) return NO_TAGS
  const tags = new Set([...tokenList(listed ?? ''), ...tokenList((words ?? '').replace(/\s+/g, ','))])
  return [...tags].slice(0, MOST_TAGS)
}

const NO_TAGS: readonly string[] = []
