import type { Clock } from '../clock.ts'
import type { ResponseHead } from '../forward/sink.ts'
import { Bypasses } from './bypasses.ts'
import type { CacheResult, Forwarded } from './cache-status.ts'
import { Collector } from './collector.ts'
import type { RequestDirectives } from './directives.ts'
import type { Entry } from './entry.ts'
import { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'
import type { FillOwner, FillPurpose } from './fill-owner.ts'
import { FillTable } from './fill-table.ts'
import { Invalidation } from './invalidation.ts'
import { type CacheRequest, keyOf } from './key.ts'
import type { Lookup, Revalidation } from './lookup.ts'
import { type HttpCacheOptions, withDefaults } from './options.ts'
import { Purger } from './purger.ts'
import { ReadyHit } from './ready-hit.ts'
import { demandsOf, isPlain, peculiarity } from './request.ts'
import { AS_IS, attachTo, isForwardedAsIs, purposeOf, requestChanges } from './request-changes.ts'
import { Responses } from './responses.ts'
import { reuse } from './reuse.ts'
import type { SecondTier } from './second-tier.ts'
import { SharedStore } from './shared-store.ts'
import { StaticAssets } from './static-assets.ts'
import type { CacheRules } from './storage.ts'
import { Store, type StoreLimits, selectVariant } from './store.ts'
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
  readonly #rules: CacheRules
  readonly #store: Store
  readonly #fills = new FillTable()
  readonly #unshareable = new Unshareable()
  readonly #responses: Responses
  readonly #bypasses: Bypasses
  readonly #shared: SharedStore | undefined
  readonly #collector: Collector
  readonly #waitTimeout: number

  constructor(options: HttpCacheOptions = {}) {
    const all = withDefaults(options)
    const { clock } = all
    this.#clock = clock
    this.#waitTimeout = all.waitTimeout
    this.#rules = rulesOf(all)
    this.#store = new Store(limitsOf(all))
    const rules = this.#rules
    const shared = all.tier && new SharedStore({ tier: all.tier, rules, clock })
    this.#shared = shared
    this.purger = new Purger(this.#store, this.#fills, clock, (purge, keys) => {
      shared?.purge(purge, keys)
      all.onPurge?.(purge)
    })
    shared?.follow((purge) => this.purger.apply(purge))
    const parts = { store: this.#store, shared, unshareable: this.#unshareable, rules, clock }
    this.#responses = new Responses(parts)
    const invalidation = new Invalidation(this.purger, this.#responses)
    this.#bypasses = new Bypasses(this.stats, invalidation, clock, rules)
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

  /** URLs for which a server is being asked, or the second tier. */
  get fills(): number {
    return this.#fills.size
  }

  /** Finds out what answers a request. It never waits, and a hit costs one look into one map. */
  lookup(request: CacheRequest): Lookup {
    return this.#lookup(request, false)
  }

  /** Look-ups in the second tier by their outcome; undefined where there is none. */
  get tierStats(): SecondTier['stats'] | undefined {
    return this.#shared?.stats
  }

  /**
   * Looks in the second tier for what a fill is about to ask a server for.
   * @returns undefined at once where there is no sense in looking. Else false when the server has to be asked; true
   * when there is no need: everybody has been answered from what was found, or has left. It never rejects.
   */
  recall(fill: Fill): Promise<boolean> | undefined {
    if (fill.stored !== undefined || this.#unshareable.has(fill.key, this.#clock.now())) return undefined
    return this.#shared?.find(fill.request)?.then((entry) => this.#recalled(fill, entry))
  }

  /**
   * Goes on with other bounds and rules; what is stored stays, as far as there is room. The second tier, the clock and
   * `waitTimeout` stay as they are.
   */
  adjust(options: HttpCacheOptions): void {
    const all = withDefaults(options)
    Object.assign(this.#rules, rulesOf(all))
    this.#store.limit(limitsOf(all))
    this.#collector.adjust(all.gcInterval)
  }

  /** Ends the collection and forgets what is stored. Fills under way go on to their clients. */
  close(): void {
    this.#collector.close()
    this.#fills.invalidatePrefix('')
    this.#store.clear()
  }

  #lookup(request: CacheRequest, alone: boolean): Lookup {
    const { method, mode } = request
    if (mode === 'off' || (method !== 'GET' && method !== 'HEAD')) return this.#bypasses.uncached(request)
    if (mode === 'static' && !this.#rules.assets.isAsset(request.target))
      return this.#bypasses.past('bypass', 'extension')
    const peculiar = peculiarity(request)
    if (peculiar !== undefined) return this.#bypasses.past('request', peculiar)
    const demands = demandsOf(request.headers)
    if (demands.noStore) return this.#bypasses.past('request', 'no-store')

    const key = keyOf(request)
    const newest = this.#store.get(key)
    const entry = newest === undefined ? undefined : selectVariant(newest, request.headers)
    if (entry !== undefined) return this.#stored(request, key, entry, demands, alone)
    const miss = newest === undefined ? 'uri-miss' : 'vary-miss'
    return this.#forward(request, key, undefined, miss, demands, alone)
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
    if (use === 'fresh' && entry.readyHead !== undefined && isPlain(request)) {
      this.#store.touch(entry)
      this.stats.hit++
      return new ReadyHit(entry, now)
    }
    const nowMs = this.#clock.wallNow()
    if (!entry.canAnswer(request, nowMs)) return this.#forward(request, key, entry, 'partial', demands, alone)

    this.#store.touch(entry)
    if (use === 'fresh') {
      this.stats.hit++
      return { kind: 'hit', result: 'hit', ...entry.answer(request, now, nowMs) }
    }
    this.stats.stale++
    const revalidation =
      use === 'stale-while-revalidate' ? this.#revalidation(request, key, entry) : undefined
    const answer = entry.answer(request, now, nowMs, { detail: use })
    return { kind: 'hit', result: 'stale', ...answer, revalidation }
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

    const isAsIs = isForwardedAsIs(request, entry)
    const purpose = isAsIs ? 'response' : purposeOf(entry)
    const { headers, mode } = request
    const isShared =
      !alone &&
      !isAsIs &&
      !(mode === 'static' && headers.authorization !== undefined) &&
      !this.#unshareable.has(key, this.#clock.now())
    const fill = this.#fill(request, key, entry, forwarded, { isShared, purpose })
    const requestHeaders = isAsIs ? AS_IS : requestChanges(purpose, entry)
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
      vary: this.#fills.varyOf(key) ?? this.#store.get(key)?.vary,
      maxEntryBytes: this.#rules.maxEntryBytes,
      waitTimeout: this.#waitTimeout,
      clock: this.#clock,
    })
    this.#fills.add(fill)
    return fill
  }

  #recalled(fill: Fill, entry: Entry | undefined): boolean {
    // Everybody has left, or what was found is out of date by now.
    if (!fill.isWaiting) return true
    if (entry === undefined || fill.isInvalidated || !this.#store.put(entry)) return false
    fill.restart()
    return true
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

type Settled = ReturnType<typeof withDefaults>

function rulesOf({ extensions, defaultTtl, maxEntryBytes, staleIfError }: Settled): CacheRules {
  return { assets: new StaticAssets(extensions), defaultTtl, maxEntryBytes, staleIfError }
}

function limitsOf({ maxEntries, maxBytes, maxVariants }: Settled): StoreLimits {
  return { maxEntries, maxBytes, maxVariants }
}
