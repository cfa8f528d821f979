import type { Clock } from '../clock.ts'
import type { ResponseHead } from '../forward/sink.ts'
import type { CacheResult, Detail, Forwarded } from './cache-status.ts'
import { Collector } from './collector.ts'
import type { RequestDirectives } from './directives.ts'
import type { Entry } from './entry.ts'
import { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'
import type { FillOwner, FillPurpose } from './fill-owner.ts'
import { FillTable } from './fill-table.ts'
import { Invalidation } from './invalidation.ts'
import { type CacheRequest, keyOf } from './key.ts'
import type { Bypass, Lookup, Revalidation } from './lookup.ts'
import { type HttpCacheOptions, withDefaults } from './options.ts'
import { Passage } from './passage.ts'
import { Purger } from './purger.ts'
import { demandsOf, isConditional, isPlain, isUnsafe, peculiarity } from './request.ts'
import { AS_IS, attachTo, mayBeCompleted, requestChanges } from './request-changes.ts'
import { Responses } from './responses.ts'
import { reuse } from './reuse.ts'
import { StaticAssets } from './static-assets.ts'
import { Store, selectVariant } from './store.ts'
import { Unshareable } from './unshareable.ts'

interface Ways {
  isShared?: boolean
  isBackground?: boolean
  purpose: FillPurpose
}

export type { HttpCacheOptions } from './options.ts'

/** Requests by the way they were served. Each request counts once. */
export type CacheStats = Record<CacheResult, number>

/** A shared HTTP cache in memory (RFC 9111). It asks no server: it says what to ask, and takes the answer. */
export class HttpCache implements FillOwner {
  /** Plain counters, read at the scrape. */
  readonly stats: CacheStats = { hit: 0, miss: 0, stale: 0, revalidated: 0, bypass: 0, collapsed: 0 }
  /** Takes out what must not be served any more, and shows what is stored. */
  readonly purger: Purger

  readonly #clock: Clock
  readonly #assets: StaticAssets
  readonly #store: Store
  readonly #fills = new FillTable()
  readonly #unshareable = new Unshareable()
  readonly #responses: Responses
  readonly #invalidation: Invalidation
  readonly #collector: Collector
  readonly #maxEntryBytes: number
  readonly #waitTimeout: number

  constructor(options: HttpCacheOptions = {}) {
    const all = withDefaults(options)
    const { clock, maxEntries, maxBytes, maxEntryBytes, maxVariants } = all
    this.#clock = clock
    this.#maxEntryBytes = maxEntryBytes
    this.#waitTimeout = all.waitTimeout
    this.#assets = new StaticAssets(all.extensions)
    this.#store = new Store({ maxEntries, maxBytes, maxVariants })
    this.purger = new Purger(this.#store, this.#fills, clock)
    const rules = { assets: this.#assets, defaultTtl: all.defaultTtl, setCookie: all.setCookie }
    this.#responses = new Responses({ store: this.#store, unshareable: this.#unshareable, rules, clock }, all)
    this.#invalidation = new Invalidation(this.purger, this.#responses)
    this.#collector = new Collector(this.#store, all.gcInterval, clock)
  }

  /** Stored responses. */
  get entries(): number {
    return this.#store.entries
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#store.bytes
  }

  /** Responses that had to make room. */
  get evictions(): number {
    return this.#store.evictions
  }

  /** The longest that the collector has kept the event loop to itself. Milliseconds. */
  get longestSliceMs(): number {
    return this.#collector.longestSliceMs
  }

  /** Finds out what answers a request. It never waits, and a hit costs one look into one map. */
  lookup(request: CacheRequest): Lookup {
    return this.#lookup(request, false)
  }

  /** Ends the collection and forgets what is stored. Fills under way go on to their clients. */
  close(): void {
    this.#collector.close()
    this.#fills.invalidatePrefix('')
    this.#store.clear()
  }

  #lookup(request: CacheRequest, alone: boolean): Lookup {
    const { method, mode } = request
    if (mode === 'off' || (method !== 'GET' && method !== 'HEAD')) return this.#uncached(request)
    if (mode === 'static' && !this.#assets.isAsset(request.target)) return this.#bypass('bypass', 'extension')
    const peculiar = peculiarity(request)
    if (peculiar !== undefined) return this.#bypass('request', peculiar)
    const demands = demandsOf(request.headers)
    if (demands.noStore) return this.#bypass('request', 'no-store')

    const key = keyOf(request)
    const resource = this.#store.get(key)
    const entry = resource === undefined ? undefined : selectVariant(resource, request.headers)
    if (entry === undefined) {
      return this.#forward(
        request,
        key,
        undefined,
        resource === undefined ? 'uri-miss' : 'vary-miss',
        demands,
        alone,
      )
    }
    return this.#stored(request, key, entry, demands, alone)
  }

  #stored(
    request: CacheRequest,
    key: string,
    entry: Entry,
    demands: RequestDirectives,
    alone: boolean,
  ): Lookup {
    const now = this.#clock.now()
    const use = reuse(entry, demands, now)
    if (use === 'stale' || use === 'request') return this.#forward(request, key, entry, use, demands, alone)
    const nowMs = this.#clock.wallNow()
    if (!entry.canAnswer(request, nowMs)) return this.#forward(request, key, entry, 'partial', demands, alone)

    this.#store.touch(entry)
    if (use === 'fresh') {
      this.stats.hit++
      if (!isPlain(request) || entry.isPartial || entry.body.length === 0) {
        return { kind: 'hit', result: 'hit', ...entry.answer(request, now, nowMs), revalidation: undefined }
      }
      const { statusCode, statusMessage, body } = entry
      const headers = entry.hitHeaders(now)
      return { kind: 'hit', result: 'hit', statusCode, statusMessage, headers, body, revalidation: undefined }
    }
    this.stats.stale++
    const revalidation =
      use === 'stale-while-revalidate' ? this.#revalidation(request, key, entry) : undefined
    return {
      kind: 'hit',
      result: 'stale',
      ...entry.answer(request, now, nowMs, { detail: use }),
      revalidation,
    }
  }

  /** One at a time: undefined while another is under way. */
  #revalidation(request: CacheRequest, key: string, entry: Entry): Revalidation | undefined {
    if (entry.revalidating) return undefined
    entry.revalidating = true
    // The client's own conditions and method are no part of it.
    const fill = this.#fill({ ...request, method: 'GET' }, key, entry, 'stale', {
      isBackground: true,
      purpose: 'validation',
    })
    return { fill, requestHeaders: requestChanges('validation', entry) }
  }

  #forward(
    request: CacheRequest,
    key: string,
    entry: Entry | undefined,
    forwarded: Forwarded,
    demands: RequestDirectives,
    alone: boolean,
  ): Lookup {
    if (demands.onlyIfCached) {
      this.stats.miss++
      return { kind: 'refuse' }
    }
    const running = alone ? undefined : this.#fills.find(key, request)
    if (running !== undefined) return { kind: 'join', attach: attachTo(running, request) }

    const { headers, mode, method } = request
    const isWhole = entry !== undefined && !entry.isPartial
    // Without a complete stored response a range is fetched as a range, and a condition judged by the server;
    // a static asset is fetched whole, because it will be stored.
    const isForwardedAsIs =
      method === 'HEAD' ||
      (!isWhole && (headers.range !== undefined || (mode === 'all' && isConditional(headers))))
    const isCompletion = !isForwardedAsIs && entry !== undefined && mayBeCompleted(entry)
    const purpose = isForwardedAsIs
      ? 'response'
      : isCompletion
        ? 'completion'
        : isWhole
          ? 'validation'
          : 'response'
    const isShared =
      !alone &&
      !isForwardedAsIs &&
      !(mode === 'static' && headers.authorization !== undefined) &&
      !this.#unshareable.has(key, this.#clock.now())
    const fill = this.#fill(request, key, entry, forwarded, { isShared, purpose })
    const requestHeaders = isForwardedAsIs ? AS_IS : requestChanges(purpose, entry)
    return { kind: 'fetch', attach: attachTo(fill, request), fill, requestHeaders }
  }

  #fill(
    request: CacheRequest,
    key: string,
    stored: Entry | undefined,
    forwarded: Forwarded,
    { isShared = true, isBackground = false, purpose }: Ways,
  ): Fill {
    const fill = new Fill(this, {
      key,
      request,
      forwarded,
      stored,
      isShared,
      isBackground,
      purpose,
      vary: this.#fills.varyOf(key) ?? this.#store.get(key)?.[0]?.policy.vary,
      maxEntryBytes: this.#maxEntryBytes,
      waitTimeout: this.#waitTimeout,
      clock: this.#clock,
    })
    this.#fills.add(fill)
    return fill
  }

  #bypass(reason: Forwarded, detail: Detail | undefined): Bypass {
    this.stats.bypass++
    return {
      kind: 'bypass',
      reason,
      detail,
      through: (client) => new Passage(client, { forwarded: reason, detail }),
    }
  }

  /** A request that the cache has no answer for; what it changes is invalidated all the same. */
  #uncached(request: CacheRequest): Bypass {
    if (!isUnsafe(request.method)) {
      if (request.mode !== 'off') return this.#bypass('method', undefined)
      this.stats.bypass++
      return { kind: 'bypass', reason: 'bypass', detail: undefined, through: (client) => client }
    }
    this.stats.bypass++
    const requestedAt = this.#clock.now()
    const onHead = (head: ResponseHead) => this.#invalidation.changed(request, head, requestedAt)
    const forwarded = request.mode === 'off' ? undefined : 'method'
    const parts = { forwarded, detail: undefined, onHead, maxBytes: this.#maxEntryBytes } as const
    return {
      kind: 'bypass',
      reason: 'method',
      detail: undefined,
      through: (client) => new Passage(client, parts),
    }
  }

  // What the fills ask.

  decide(fill: Fill, head: ResponseHead): ReturnType<FillOwner['decide']> {
    return this.#responses.decide(fill, head)
  }

  rescue(fill: Fill): ReturnType<FillOwner['rescue']> {
    return this.#responses.rescue(fill)
  }

  finish(...parts: Parameters<FillOwner['finish']>): void {
    this.#responses.finish(...parts)
  }

  onClosed(fill: Fill): void {
    this.#fills.remove(fill)
    if (fill.isBackground && fill.stored !== undefined) fill.stored.revalidating = false
  }

  onTooLarge(fill: Fill): void {
    this.#unshareable.add(fill.key, this.#clock.now())
  }

  onServed(client: FillClient): void {
    this.stats[client.result ?? (client.isFirst ? 'miss' : 'collapsed')]++
  }

  onDetour(client: FillClient, alone: boolean): void {
    client.again(this.#lookup(client.request, alone))
  }
}
