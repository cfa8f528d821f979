import type { Clock } from '../clock.ts'
import type { Entry } from './entry.ts'
import type { FillTable } from './fill-table.ts'
import { PARTITION_MARK } from './key.ts'
import type { Store } from './store.ts'

/** One stored variant, for people. Times are seconds. */
export interface Inspection {
  key: string
  statusCode: number
  /** What made it storable: the origin's own words, a heuristic, or the default. */
  lifetimeSource: string
  age: number
  /** Negative when it is stale. */
  freshFor: number
  /** Milliseconds since 1970. */
  freshUntil: number
  storedAt: number
  /** The fields that it varies by, with their values in the request. */
  vary: readonly string[]
  selecting: string
  noCache: boolean
  mustRevalidate: boolean
  staleWhileRevalidate: number
  staleIfError: number | undefined
  etag: string | undefined
  tags: readonly string[]
  bodyBytes: number
  bytes: number
  hits: number
  isPartial: boolean
}

/** A purge looks at so many keys before it lets others run. */
const SLICE_KEYS = 1000

/** Takes out what must not be served any more, in the store and under way, and shows what is stored. */
export class Purger {
  readonly #store: Store
  readonly #fills: FillTable
  readonly #clock: Clock

  constructor(store: Store, fills: FillTable, clock: Clock) {
    this.#store = store
    this.#fills = fills
    this.#clock = clock
  }

  /** Every variant of a URL, in every partition. Says how many there were. */
  purge(url: string): number {
    let purged = 0
    for (const key of this.#keys(url)) {
      this.#fills.invalidate(key)
      purged += this.#store.removeAll(key)
    }
    return purged
  }

  /** Whatever begins with this. It works in slices; what is stored meanwhile may stay. */
  async purgePrefix(prefix: string): Promise<number> {
    this.#fills.invalidatePrefix(prefix)
    const cursor = this.#store.resources()
    let left = this.#store.size
    let purged = 0
    while (left > 0) {
      for (let looked = 0; looked < SLICE_KEYS && left > 0; looked++) {
        left--
        const { value, done } = cursor.next()
        if (done === true || value === undefined) return purged
        if (value[0].startsWith(prefix)) purged += this.#store.removeAll(value[0])
      }
      if (left > 0) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 0))
    }
    return purged
  }

  /** Every response that carries a tag in Cache-Tag or Surrogate-Key. */
  purgeTag(tag: string): number {
    const tagged = this.#store.tagged(tag)
    for (const entry of tagged) {
      // What is under way for this URL may carry the tag as well.
      this.#fills.invalidate(entry.key)
      this.#store.remove(entry)
    }
    return tagged.length
  }

  /** The stored variants of a URL, the newest first. */
  inspect(url: string): Inspection[] {
    const entries = [...this.#keys(url)].flatMap((key) => this.#store.get(key) ?? [])
    return entries.map((entry) => this.#inspectEntry(entry))
  }

  *#keys(url: string): Generator<string> {
    for (const candidate of new Set([url, normalUrl(url)])) {
      yield candidate
      for (const partition of this.#fills.partitions) yield candidate + PARTITION_MARK + partition
    }
  }

  #inspectEntry(entry: Entry): Inspection {
    const { policy } = entry
    const now = this.#clock.now()
    const remaining = entry.remaining(now)
    return {
      key: entry.key,
      statusCode: entry.statusCode,
      lifetimeSource: policy.lifetime.source,
      age: Math.floor(entry.age(now) / 1000),
      freshFor: Math.floor(remaining / 1000),
      freshUntil: Math.round(this.#clock.wallNow() + remaining),
      storedAt: entry.storedAt,
      vary: policy.vary,
      selecting: entry.selecting,
      noCache: policy.noCache,
      mustRevalidate: policy.mustRevalidate,
      staleWhileRevalidate: policy.staleWhileRevalidate / 1000,
      staleIfError: policy.staleIfError === undefined ? undefined : policy.staleIfError / 1000,
      etag: policy.validators.etag,
      tags: entry.tags,
      bodyBytes: entry.body.length,
      bytes: entry.bytes,
      hits: entry.hits,
      isPartial: entry.isPartial,
    }
  }
}

/** As a client's request would name it: host in lower case, no default port, no fragment. */
function normalUrl(url: string): string {
  if (!URL.canParse(url)) return url
  const { protocol, host, pathname, search } = new URL(url)
  return `${protocol}//${host}${pathname}${search}`
}
