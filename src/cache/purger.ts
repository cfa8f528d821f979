import type { Clock } from '../clock.ts'
import type { Entry } from './entry.ts'
import type { FillTable } from './fill-table.ts'
import { PARTITION_MARK } from './key.ts'
import type { Purge } from './second-tier.ts'
import { type Store, variants } from './store.ts'

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

/** A purge looks at so many keys at most before it lets others run, and earlier when its time is up. */
const SLICE_KEYS = 1000
const SLICE_MS = 0.4
/** How often it looks at the clock. */
const CLOCK_EVERY = 4

/** Takes out what must not be served any more, in the store and under way, and shows what is stored. */
export class Purger {
  readonly #store: Store
  readonly #fills: FillTable
  readonly #clock: Clock
  readonly #onPurged: (purge: Purge, keys: readonly string[]) => void

  /** @param onPurged told of every purge, with the keys that it is about where they are known */
  constructor(
    store: Store,
    fills: FillTable,
    clock: Clock,
    onPurged: (purge: Purge, keys: readonly string[]) => void = () => {},
  ) {
    this.#store = store
    this.#fills = fills
    this.#clock = clock
    this.#onPurged = onPurged
  }

  /** Every variant of a URL, in every partition. Says how many there were. */
  purge(url: string): number {
    const keys = [...this.#keys(url)]
    this.#onPurged(this.#purged('url', normalUrl(url)), keys)
    return this.#purgeKeys(keys)
  }

  /** Whatever begins with this. It works in slices; what is stored meanwhile may stay. */
  purgePrefix(prefix: string): Promise<number> {
    this.#onPurged(this.#purged('prefix', prefix), [])
    return this.#purgePrefix(prefix)
  }

  /** Every response that carries a tag in Cache-Tag or Surrogate-Key. It works in slices. */
  purgeTag(tag: string): Promise<number> {
    const name = tag.toLowerCase()
    this.#onPurged(this.#purged('tag', name), [])
    return this.#purgeTag(name)
  }

  /** What another gateway has purged goes from here too. */
  async apply({ kind, value }: Purge): Promise<void> {
    if (kind === 'url') this.#purgeKeys(this.#keys(value))
    else if (kind === 'prefix') await this.#purgePrefix(value)
    else await this.#purgeTag(value)
  }

  /** The stored variants of a URL, the newest first. */
  inspect(url: string): Inspection[] {
    const entries = [...this.#keys(url)].flatMap((key) => variants(this.#store.get(key)))
    return entries.map((entry) => this.#inspectEntry(entry))
  }

  #purged(kind: Purge['kind'], value: string): Purge {
    return { kind, value, at: this.#clock.wallNow() }
  }

  #purgeKeys(keys: Iterable<string>): number {
    let purged = 0
    for (const key of keys) {
      this.#fills.invalidate(key)
      purged += this.#store.removeAll(key)
    }
    return purged
  }

  async #purgePrefix(prefix: string): Promise<number> {
    this.#fills.invalidatePrefix(prefix)
    let purged = 0
    await this.#inSlices(this.#store.resources(), ({ key }) => {
      if (key.startsWith(prefix)) purged += this.#store.removeAll(key)
    })
    return purged
  }

  async #purgeTag(tag: string): Promise<number> {
    let purged = 0
    await this.#inSlices(this.#store.tagged(tag), (entry) => {
      // What is under way for this URL may carry the tag as well.
      this.#fills.invalidate(entry.key)
      this.#store.remove(entry)
      purged++
    })
    return purged
  }

  /** Visits them all, and lets others run in between. */
  async #inSlices<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
    let begun = this.#clock.now()
    let visited = 0
    for (const item of items) {
      visit(item)
      if (++visited % CLOCK_EVERY !== 0) continue
      if (visited % SLICE_KEYS !== 0 && this.#clock.now() - begun < SLICE_MS) continue
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 0))
      begun = this.#clock.now()
    }
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
