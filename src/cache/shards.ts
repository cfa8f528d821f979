/*
 * A Map or Set of V8 that is full copies itself into one twice as large, and one with many deletions into one of the
 * same size: at 100 000 keys either keeps the event loop for 10 ms. Many small ones take turns.
 */

/** A power of two: at a million keys each holds four thousand. */
export const SHARDS = 256

/** So many characters at the end of a key choose its shard: URLs differ there. */
const MOST_CHARACTERS = 32

/** The shard of a key: FNV-1a of its end. */
export function shardOf(key: string): number {
  let value = 0x811c9dc5
  for (let index = Math.max(0, key.length - MOST_CHARACTERS); index < key.length; index++) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  }
  return (value ^ (value >>> 15)) & (SHARDS - 1)
}

/** A map that never keeps the event loop to itself, however large it is. */
export class ShardedMap<Value> {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, Value>())
  size = 0

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]!.get(key)
  }

  set(key: string, value: Value): void {
    const shard = this.#shards[shardOf(key)]!
    const before = shard.size
    shard.set(key, value)
    this.size += shard.size - before
  }

  delete(key: string): void {
    if (this.#shards[shardOf(key)]!.delete(key)) this.size--
  }

  /** Every value that is there from the beginning to the end, and some of those that come and go meanwhile. It ends. */
  *values(): Generator<Value, undefined> {
    for (const shard of this.#shards) {
      let left = shard.size
      for (const value of shard.values()) {
        // What came later stands behind.
        if (left-- === 0) break
        yield value
      }
    }
  }
}

/** A set is split when it has grown to this: most are small. */
const SPLIT_AT = 512

/** A set of things with keys, which may be the same, that never keeps the event loop to itself. */
export class ShardedSet<Item extends { readonly key: string }> {
  #shards: Set<Item>[] = [new Set()]
  size = 0

  add(item: Item): void {
    this.size++
    this.#shardOf(item).add(item)
    if (this.#shards.length === 1 && this.size > SPLIT_AT) this.#split()
  }

  /** The item must be there. */
  delete(item: Item): void {
    this.size--
    this.#shardOf(item).delete(item)
  }

  /** As {@link ShardedMap.values}. */
  *values(): Generator<Item, undefined> {
    const shards = this.#shards
    for (const shard of shards) {
      let left = shard.size
      for (const item of shard) {
        if (left-- === 0) break
        yield item
      }
    }
  }

  #shardOf({ key }: Item): Set<Item> {
    return this.#shards[this.#shards.length === 1 ? 0 : shardOf(key)]!
  }

  #split(): void {
    const [whole = []] = this.#shards
    this.#shards = Array.from({ length: SHARDS }, () => new Set<Item>())
    for (const item of whole) this.#shardOf(item).add(item)
  }
}
