import type { Entry } from './entry.ts'

/** Which entries carry a tag, for a purge by tag. */
export class TagIndex {
  readonly #entries = new Map<string, Set<Entry>>()

  add(entry: Entry): void {
    for (const tag of entry.tags) {
      const tagged = this.#entries.get(tag)
      if (tagged === undefined) this.#entries.set(tag, new Set([entry]))
      else tagged.add(entry)
    }
  }

  remove(entry: Entry): void {
    for (const tag of entry.tags) {
      const tagged = this.#entries.get(tag)
      tagged?.delete(entry)
      if (tagged?.size === 0) this.#entries.delete(tag)
    }
  }

  /** The live set: it changes as entries come and go. */
  get(tag: string): ReadonlySet<Entry> {
    return this.#entries.get(tag) ?? NONE
  }
}

const NONE: ReadonlySet<Entry> = new Set()
