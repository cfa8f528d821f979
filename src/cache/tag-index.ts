import type { Entry } from './entry.ts'
import { ShardedMap, ShardedSet } from './shards.ts'

/** Which entries carry a tag, for a purge by tag. */
export class TagIndex {
  readonly #entries = new ShardedMap<ShardedSet<Entry>>()

  add(entry: Entry): void {
    for (const tag of entry.tags) {
      let tagged = this.#entries.get(tag)
      if (tagged === undefined) {
        tagged = new ShardedSet()
        this.#entries.set(tag, tagged)
      }
      tagged.add(entry)
    }
  }

  /** Only what was added. */
  remove(entry: Entry): void {
    for (const tag of entry.tags) {
      const tagged = this.#entries.get(tag)
      tagged?.delete(entry)
      if (tagged?.size === 0) this.#entries.delete(tag)
    }
  }

  /** Those that carry it; it may change underneath. */
  *get(tag: string): Generator<Entry, undefined> {
    const tagged = this.#entries.get(tag)
    if (tagged !== undefined) yield* tagged.values()
  }
}
