import type { Clock } from '../clock.ts'
import type { ResponseHead } from '../forward/sink.ts'
import { forwardedStatus } from './cache-status.ts'
import { type Answer, Entry } from './entry.ts'
import { declaredLength, singleValue, withoutFields } from './fields.ts'
import type { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'
import type { Decision } from './fill-owner.ts'
import { completes, describes, freshen, identifies, LENGTH_AND_RANGE } from './freshening.ts'
import type { Reception } from './freshness.ts'
import { joined } from './joining.ts'
import type { CacheRequest } from './key.ts'
import { parseContentRange } from './range.ts'
import { demandsOf } from './request.ts'
import { mayReplaceFailure } from './reuse.ts'
import type { SharedStore } from './shared-store.ts'
import { type CacheRules, judge, type Policy, type Refusal } from './storage.ts'
import { type Store, selectVariant } from './store.ts'
import type { Unshareable } from './unshareable.ts'
import { selectingKey } from './vary.ts'

/** Statuses that count as a failure of the server (RFC 5861, section 4). */
const FAILURES = new Set([500, 502, 503, 504])

export interface ResponsesParts {
  store: Store
  /** What gateways share; absent where this one is alone. */
  shared: SharedStore | undefined
  unshareable: Unshareable
  rules: CacheRules
  clock: Clock
}

/** What the cache does with the responses of servers: store, merge, replace by a stale one, or let pass. */
export class Responses {
  readonly #store: Store
  readonly #shared: SharedStore | undefined
  readonly #unshareable: Unshareable
  readonly #rules: CacheRules
  readonly #clock: Clock

  constructor(parts: ResponsesParts) {
    this.#store = parts.store
    this.#shared = parts.shared
    this.#unshareable = parts.unshareable
    this.#rules = parts.rules
    this.#clock = parts.clock
  }

  decide(fill: Fill, head: ResponseHead): Decision {
    const { stored, request } = fill
    if (FAILURES.has(head.statusCode)) {
      const rescue = this.rescue(fill, head.statusCode)
      if (rescue !== undefined) return rescue
    }
    const reception = this.#reception(fill.requestedAt)
    if (request.method === 'HEAD') {
      this.#learn(request, fill.key, head, reception)
      return this.#pass(fill, head, undefined)
    }
    if (stored !== undefined && fill.purpose === 'validation' && head.statusCode === 304) {
      return this.#validated(fill, stored, head, reception)
    }
    if (stored !== undefined && fill.purpose === 'completion' && head.statusCode !== 200) {
      return this.#completed(fill, stored, head, reception)
    }
    return this.#received(fill, head, reception)
  }

  /** The stale response that stands in for a server that failed, where that is allowed. */
  rescue(fill: Fill, status?: number): Decision | undefined {
    const { stored, request } = fill
    const now = this.#clock.now()
    // An entry that has left the store was invalidated or replaced meanwhile.
    if (stored === undefined || stored.queue === 0 || fill.isInvalidated) return undefined
    if (!stored.canAnswer(request, this.#clock.wallNow())) return undefined
    if (!mayReplaceFailure(stored, demandsOf(request.headers), now, this.#rules.staleIfError))
      return undefined
    return {
      kind: 'serve',
      isShared: true,
      result: 'stale',
      answer: (client) => {
        const more = {
          status,
          ttl: this.#ttl(stored),
          collapsed: !client.isFirst,
          detail: 'stale-if-error' as const,
        }
        return this.#answer(stored, client, forwardedStatus(fill.forwarded, more))
      },
    }
  }

  /** A stored response is complete: it takes its place in the store. */
  finish(fill: Fill, policy: Policy, head: ResponseHead, body: Buffer): void {
    if (fill.isInvalidated) return
    const length = singleValue(head.headers, 'content-length')
    // What was broken off is not stored, nor what is not what it says it is.
    if (length !== undefined && Number(length) !== body.length) return
    this.store(fill.request, fill.key, policy, head, body)
  }

  store(request: CacheRequest, key: string, policy: Policy, head: ResponseHead, body: Buffer): void {
    const { partial } = policy
    if (partial !== undefined && partial.last - partial.first + 1 !== body.length) return
    const selecting = selectingKey(policy.vary, request.headers)
    const parts = { key, head, policy, selecting, body, storedAt: this.#clock.wallNow() }
    const entry =
      partial === undefined ? new Entry(parts) : joined(this.#selected(request, key), parts, partial)
    if (entry === undefined || entry.bytes > this.#rules.maxEntryBytes + 65_536) return
    if (this.#keep(entry)) this.#unshareable.delete(key)
  }

  /** Whether the response to a POST may answer GET (RFC 9110, section 9.3.3): what storing it means, or undefined. */
  judgePost(request: CacheRequest, head: ResponseHead, requestedAt: number): Policy | undefined {
    if (head.statusCode === 206) return undefined
    const policy = judge(request, head, this.#reception(requestedAt), this.#rules)
    if (typeof policy === 'string') return undefined
    const { source, ms } = policy.lifetime
    return ms > 0 && source !== 'heuristic' && source !== 'default' ? policy : undefined
  }

  #received(fill: Fill, head: ResponseHead, reception: Reception): Decision {
    const policy = this.#judge(fill, head, reception)
    if (typeof policy === 'string') {
      const { stored } = fill
      if (stored !== undefined && isNewer(head.statusCode, policy)) this.#drop(stored)
      return this.#pass(fill, head, policy)
    }
    const declared = declaredLength(head.headers)
    if (declared !== undefined && declared > this.#rules.maxEntryBytes) {
      this.#unshareable.add(fill.key, this.#clock.now())
      return this.#pass(fill, head, 'too-large')
    }
    return this.#storing(fill, policy, head, head.statusCode === 204 ? 0 : declared)
  }

  /** The server says that what is stored is still right (RFC 9111, section 4.3.3). */
  #validated(fill: Fill, stored: Entry, { headers }: ResponseHead, reception: Reception): Decision {
    if (!identifies(stored, headers, reception.receivedWall)) {
      this.#drop(stored)
      return { kind: 'detour' }
    }
    const head = freshen(stored, headers)
    const judged = this.#judge(fill, head, reception)
    const isRefused = typeof judged === 'string'
    const policy: Policy = isRefused
      ? {
          ...stored.policy,
          initialAge: 0,
          receivedAt: reception.receivedAt,
          lifetime: { ms: 0, source: 'none' },
        }
      : judged
    const { key, body } = stored
    const selecting = isRefused ? stored.selecting : selectingKey(policy.vary, fill.request.headers)
    const entry = new Entry({ key, head, policy, selecting, body, storedAt: this.#clock.wallNow() })
    if (!isRefused) {
      entry.hits = stored.hits
      const isCurrent = stored.queue !== 0 && !fill.isInvalidated
      this.#store.remove(stored)
      if (isCurrent) this.#keep(entry)
    } else if (judged !== 'authorization') this.#drop(stored)
    return {
      kind: 'serve',
      isShared: !isRefused,
      result: 'revalidated',
      answer: (client) => {
        const more = { status: 304, ttl: this.#ttl(entry), stored: !isRefused, collapsed: !client.isFirst }
        return this.#answer(entry, client, forwardedStatus(fill.forwarded, more))
      },
    }
  }

  /** The rest of a partial response has come; together they are the whole (RFC 9111, section 3.4). */
  #completed(fill: Fill, stored: Entry, head: ResponseHead, reception: Reception): Decision {
    const range = parseContentRange(singleValue(head.headers, 'content-range') ?? '')
    const isRest =
      head.statusCode === 206 &&
      range !== undefined &&
      range.last + 1 === range.size &&
      completes(stored, head.headers, range.first, range.size)
    if (!isRest) {
      this.#store.remove(stored)
      return { kind: 'detour' }
    }
    const { statusCode, statusMessage, headers } = freshen(stored, head.headers)
    const length = String(range.size)
    const whole: ResponseHead = {
      statusCode,
      statusMessage,
      headers: [...withoutFields(headers, LENGTH_AND_RANGE), 'Content-Length', length],
    }
    const policy = this.#judge(fill, whole, reception)
    if (typeof policy === 'string') return { ...this.#pass(fill, whole, policy), prefix: stored.body }
    return { ...this.#storing(fill, policy, whole, range.size), prefix: stored.body }
  }

  #storing(
    fill: Fill,
    policy: Policy,
    head: ResponseHead,
    length: number | undefined,
  ): Extract<Decision, { kind: 'store' }> {
    const { statusCode, statusMessage } = head
    const age = Math.floor(policy.initialAge / 1000)
    const ttl = Math.floor(policy.lifetime.ms / 1000) - age
    // A body of unknown length may prove too large: then nothing is claimed.
    const more = { status: statusCode, ttl, stored: length !== undefined }
    const ownStatus = forwardedStatus(fill.forwarded, more)
    const sharedStatus = forwardedStatus(fill.forwarded, { ...more, collapsed: true })
    const common = withoutFields(head.headers, policy.omitted)
    return {
      kind: 'store',
      policy,
      head,
      own: { statusCode, statusMessage, headers: [...head.headers, 'Cache-Status', ownStatus] },
      shared: {
        statusCode,
        statusMessage,
        headers: [...common, 'Age', String(age), 'Cache-Status', sharedStatus],
        validators: policy.validators,
        size: statusCode === 200 ? length : undefined,
      },
    }
  }

  #pass(
    fill: Fill,
    { statusCode, statusMessage, headers }: ResponseHead,
    detail: Refusal | 'too-large' | undefined,
  ): Extract<Decision, { kind: 'pass' }> {
    if (detail !== undefined && fill.isShared && statusCode < 500)
      this.#unshareable.add(fill.key, this.#clock.now())
    const status = forwardedStatus(fill.forwarded, { status: statusCode, detail })
    return { kind: 'pass', own: { statusCode, statusMessage, headers: [...headers, 'Cache-Status', status] } }
  }

  /** What a response to HEAD says about the stored response to GET (RFC 9111, section 4.3.5). */
  #learn(request: CacheRequest, key: string, head: ResponseHead, reception: Reception): void {
    const stored = this.#selected(request, key)
    if (stored === undefined || head.statusCode !== 200) return
    this.#store.remove(stored)
    if (stored.isPartial) return
    if (!describes(stored, head.headers, reception.receivedWall)) return this.#drop(stored)
    const fresh = freshen(stored, head.headers)
    const policy = judge(request, fresh, reception, this.#rules)
    if (typeof policy === 'string') this.#drop(stored)
    else this.store(request, key, policy, fresh, stored.body)
  }

  #selected(request: CacheRequest, key: string): Entry | undefined {
    const newest = this.#store.get(key)
    return newest === undefined ? undefined : selectVariant(newest, request.headers)
  }

  #keep(entry: Entry): boolean {
    if (!this.#store.put(entry)) return false
    this.#shared?.keep(entry)
    return true
  }

  /** It is out of date, here and wherever else it is stored. */
  #drop(entry: Entry): void {
    this.#store.remove(entry)
    if (!entry.isPartial) this.#shared?.forget(entry.key)
  }

  #judge(fill: Fill, head: ResponseHead, reception: Reception): Policy | Refusal {
    return judge(fill.request, head, reception, this.#rules)
  }

  #answer(entry: Entry, { request }: FillClient, status: string): Answer {
    return entry.answer(request, this.#clock.now(), this.#clock.wallNow(), { status })
  }

  /** Seconds that an entry stays fresh. */
  #ttl(entry: Entry): number {
    return Math.floor(entry.policy.lifetime.ms / 1000) - Math.floor(entry.age(this.#clock.now()) / 1000)
  }

  #reception(requestedAt: number): Reception {
    return { requestedAt, receivedAt: this.#clock.now(), receivedWall: this.#clock.wallNow() }
  }
}

/** Whether an answer that is not stored takes the place of the one that is: that one must not come back. */
function isNewer(statusCode: number, refusal: Refusal): boolean {
  if (refusal === 'authorization') return false
  return (
    (statusCode >= 200 && statusCode < 400 && statusCode !== 304) || statusCode === 404 || statusCode === 410
  )
}
