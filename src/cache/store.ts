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

/** The stored responses, within bounds. Every entry is in the map, the eviction order and the tag index, or in none of them. */
export class Store {
  #limits: StoreLimits
  /** The newest variant of each, which leads to the older ones. */
  #resources = new ShardedMap<Entry>()
  #order = new EvictionQueue<Entry>()
  #tags = new TagIndex()

  /** Stored variants. */
  entries = 0
  bytes = 0
  evictions = 0

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  /** The newest variant under a key. */
  get(key: string): Entry | undefined {
    return this.#resources.get(key)
  }

  /** The newest variant of each; it may change underneath. */
  resources(): Iterator<Entry, undefined> & Iterable<Entry> {
    return this.#resources.values()
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
    for (const known of variants(this.get(entry.key))) if (isSuperseded(known, entry)) this.remove(known)
    if (entry.bytes > this.#limits.maxBytes || this.#limits.maxEntries < 1) return false

    const others = variants(this.get(entry.key))
    if (others.length >= this.#limits.maxVariants) this.remove(others.at(-1)!)
    entry.nextVariant = this.get(entry.key)
    this.#resources.set(entry.key, entry)
    this.#order.add(entry)
    this.#tags.add(entry)
    this.entries++
    this.bytes += entry.bytes
    return this.#makeRoom(entry)
  }

  remove(entry: Entry): void {
    const newest = this.get(entry.key)
    if (newest === entry) this.#lead(entry.key, entry.nextVariant)
    else {
      const newer = variants(newest).find(({ nextVariant }) => nextVariant === entry)
      if (newer === undefined) return
      newer.nextVariant = entry.nextVariant
    }
    entry.nextVariant = undefined
    this.#order.remove(entry)
    this.#tags.remove(entry)
    this.entries--
    this.bytes -= entry.bytes
  }

  /** Removes every variant under a key; says how many there were. */
  removeAll(key: string): number {
    const all = variants(this.get(key))
    for (const entry of all) this.remove(entry)
    return all.length
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

  #lead(key: string, newest: Entry | undefined): void {
    if (newest === undefined) this.#resources.delete(key)
    else this.#resources.set(key, newest)
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

/** All variants of a resource, the newest first. */
export function variants(newest: Entry | undefined): Entry[] {
  const all: Entry[] = []
  for (let entry = newest; entry !== undefined; entry = entry.nextVariant) all.push(entry)
  return all
}

/** The newest variant that the request selects (RFC 9111, section 4.1). */
export function selectVariant(newest: Entry, headers: IncomingHttpHeaders): Entry | undefined {
  let names: readonly string[] | undefined
  let selecting = ''
  for (let entry: Entry | undefined = newest; entry !== undefined; entry = entry.nextVariant) {
    const { vary } = entry
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
  return known.selecting === by.selecting || known.vary.join() !== by.vary.join()
}
