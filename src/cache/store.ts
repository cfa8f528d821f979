import type { IncomingHttpHeaders } from 'node:http'
import type { Entry } from './entry.ts'
import { EvictionQueue } from './eviction.ts'
import { ShardedMap } from './shards.ts'
import { TagIndex } from './tag-index.ts'
import { selectingKey } from './vary.ts'

export interface StoreLimits {
  maxEntries: number
  maxBytes: number
  /** Variants of one URL; the oldest makes room for a new one. */
  maxVariants: number
}

/**
 * A newcomer may push out so many others. A large one that nobody asked for before does not sweep thousands of
 * small ones out, nor keep the event loop to itself for as long as that takes; when it comes again, there is more room.
 */
const MOST_VICTIMS = 256

/** The variants under one key, the newest first. Never empty while it stands in the store. */
export type Resource = Entry[]

/** The stored responses, within bounds. Every entry is in the map, the eviction order and the tag index, or in none of them. */
export class Store {
  #limits: StoreLimits
  #resources = new ShardedMap<Resource>()
  #order = new EvictionQueue<Entry>()
  #tags = new TagIndex()

  /** Stored variants. */
  entries = 0
  bytes = 0
  evictions = 0

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get(key: string): Resource | undefined {
    return this.#resources.get(key)
  }

  /** Keys and their variants; it may change underneath. */
  resources(): Iterator<[string, Resource], undefined> & Iterable<[string, Resource]> {
    return this.#resources.entries()
  }

  get size(): number {
    return this.#resources.size
  }

  touch(entry: Entry): void {
    entry.hits++
    this.#order.touch(entry)
  }

  /** Stores an entry in the place of those that it supersedes. False when it does not stay. */
  put(entry: Entry): boolean {
    const resource = this.#resources.get(entry.key)
    if (resource !== undefined) {
      for (const other of resource.filter((known) => isSuperseded(known, entry))) this.remove(other)
    }
    if (entry.bytes > this.#limits.maxBytes || this.#limits.maxEntries < 1) return false

    const variants = this.#resources.get(entry.key)
    if (variants === undefined) this.#resources.set(entry.key, [entry])
    else {
      if (variants.length >= this.#limits.maxVariants) this.remove(variants.at(-1)!)
      // The last variant may have taken the whole resource with it.
      const rest = this.#resources.get(entry.key)
      if (rest === undefined) this.#resources.set(entry.key, [entry])
      else rest.unshift(entry)
    }
    this.#order.add(entry)
    this.#tags.add(entry)
    this.entries++
    this.bytes += entry.bytes
    return this.#makeRoom(entry)
  }

  remove(entry: Entry): void {
    const resource = this.#resources.get(entry.key)
    const index = resource?.indexOf(entry) ?? -1
    if (resource === undefined || index < 0) return
    if (resource.length === 1) this.#resources.delete(entry.key)
    else resource.splice(index, 1)
    this.#order.remove(entry)
    this.#tags.remove(entry)
    this.entries--
    this.bytes -= entry.bytes
  }

  /** Removes every variant under a key; says how many there were. */
  removeAll(key: string): number {
    const resource = this.#resources.get(key)
    if (resource === undefined) return 0
    const variants = [...resource]
    for (const entry of variants) this.remove(entry)
    return variants.length
  }

  /** Those that carry a tag, in lower case; it may change underneath. */
  tagged(tag: string): Iterator<Entry, undefined> & Iterable<Entry> {
    return this.#tags.get(tag)
  }

  /** Other bounds. What is over them goes with `shrink`, and as newcomers come. */
  limit(limits: StoreLimits): void {
    this.#limits = limits
  }

  /** Takes out what is over the bounds, so many at most; whether nothing is over them any more. */
  shrink(most: number): boolean {
    for (let victims = 0; this.#isOver(); victims++) {
      const victim = victims < most ? this.#order.evict() : undefined
      if (victim === undefined) return false
      this.remove(victim)
      this.evictions++
    }
    return true
  }

  /** Forgets everything at once. */
  clear(): void {
    this.#resources = new ShardedMap()
    this.#order = new EvictionQueue()
    this.#tags = new TagIndex()
    this.entries = 0
    this.bytes = 0
  }

  /** False when the newcomer had to go: it is too new, or costs more others than it may. */
  #makeRoom(newcomer: Entry): boolean {
    let victims = 0
    while (this.#isOver()) {
      const victim = victims++ < MOST_VICTIMS ? this.#order.evict() : newcomer
      if (victim === undefined) return true
      this.remove(victim)
      this.evictions++
      if (victim === newcomer) return false
    }
    return true
  }

  #isOver(): boolean {
    return this.entries > this.#limits.maxEntries || this.bytes > this.#limits.maxBytes
  }
}

/** The newest variant that the request selects (RFC 9111, section 4.1). */
export function selectVariant(resource: Resource, headers: IncomingHttpHeaders): Entry | undefined {
  let names: readonly string[] | undefined
  let selecting = ''
  for (const entry of resource) {
    const { vary } = entry.policy
    if (vary.length === 0) return entry
    if (vary !== names) {
      names = vary
      selecting = selectingKey(vary, headers)
    }
    if (selecting === entry.selecting) return entry
  }
  return undefined
}

/** A resource varies by one list of names at a time, the newest; under it, one entry for each secondary key. */
function isSuperseded(known: Entry, by: Entry): boolean {
  return known.selecting === by.selecting || known.policy.vary.join() !== by.policy.vary.join()
}
