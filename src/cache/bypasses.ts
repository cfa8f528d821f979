import type { Clock } from '../clock.ts'
import type { ResponseHead } from '../forward/sink.ts'
import type { Detail, Forwarded } from './cache-status.ts'
import type { Invalidation } from './invalidation.ts'
import type { CacheRequest } from './key.ts'
import type { Bypass } from './lookup.ts'
import { Passage } from './passage.ts'
import { isUnsafe } from './request.ts'
import type { CacheRules } from './storage.ts'

/** Requests that go past the cache, and what they change in it. */
export class Bypasses {
  readonly #stats: { bypass: number }
  readonly #invalidation: Invalidation
  readonly #clock: Clock
  readonly #rules: CacheRules

  constructor(stats: { bypass: number }, invalidation: Invalidation, clock: Clock, rules: CacheRules) {
    this.#stats = stats
    this.#invalidation = invalidation
    this.#clock = clock
    this.#rules = rules
  }

  /** A request that is none of the cache's business, and why. */
  past(reason: Forwarded, detail: Detail | undefined): Bypass {
    this.#stats.bypass++
    const parts = { forwarded: reason, detail }
    return { kind: 'bypass', reason, detail, through: (client) => new Passage(client, parts) }
  }

  /** A request that the cache has no answer for; what it changes is invalidated all the same. */
  uncached(request: CacheRequest): Bypass {
    const isOff = request.mode === 'off'
    if (!isUnsafe(request.method)) {
      if (!isOff) return this.past('method', undefined)
      return { kind: 'bypass', reason: 'bypass', detail: undefined, through: (client) => client }
    }
    if (!isOff) this.#stats.bypass++
    const requestedAt = this.#clock.now()
    const parts = {
      forwarded: isOff ? undefined : ('method' as const),
      detail: undefined,
      onHead: (head: ResponseHead) => this.#invalidation.changed(request, head, requestedAt),
      maxBytes: this.#rules.maxEntryBytes,
    }
    return {
      kind: 'bypass',
      reason: 'method',
      detail: undefined,
      through: (client) => new Passage(client, parts),
    }
  }
}
