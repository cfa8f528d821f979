import type { Fill } from './fill.ts'
import type { CacheRequest } from './key.ts'

/** The fills under way, by key. */
export class FillTable {
  readonly #fills = new Map<string, Fill[]>()

  /** The partitions of all keys that there ever were: as many as there are routes. */
  readonly partitions = new Set<string>()

  add(fill: Fill): void {
    const { partition } = fill.request
    if (partition) this.partitions.add(partition)
    const fills = this.#fills.get(fill.key)
    if (fills === undefined) this.#fills.set(fill.key, [fill])
    else fills.push(fill)
  }

  remove(fill: Fill): void {
    const fills = this.#fills.get(fill.key)
    const index = fills?.indexOf(fill) ?? -1
    if (fills === undefined || index < 0) return
    if (fills.length === 1) this.#fills.delete(fill.key)
    else fills.splice(index, 1)
  }

  /** One that others may join, and that will answer this request. */
  find(key: string, request: CacheRequest): Fill | undefined {
    return this.#fills.get(key)?.find((fill) => fill.accepts(request))
  }

  /** What the responses under way are known to vary by. */
  varyOf(key: string): readonly string[] | undefined {
    return this.#fills.get(key)?.find((fill) => fill.vary !== undefined)?.vary
  }

  /** What is under way for a key is out of date when it comes. */
  invalidate(key: string): void {
    for (const fill of this.#fills.get(key) ?? []) fill.isInvalidated = true
  }

  /** As `invalidate`, for every key that begins with `prefix`. */
  invalidatePrefix(prefix: string): void {
    for (const key of this.#fills.keys()) if (key.startsWith(prefix)) this.invalidate(key)
  }

  get size(): number {
    return this.#fills.size
  }
}
