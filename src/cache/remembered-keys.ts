import { SHARDS } from './shards.ts'

/** Hashes of keys, about so many as it is told to keep; the oldest go first. */
export class RememberedKeys {
  readonly #shards = Array.from({ length: SHARDS }, () => new Set<number>())

  add(key: string, most: number): void {
    const value = hash(key)
    const shard = this.#shards[value & (SHARDS - 1)]!
    shard.add(value)
    const mostHere = Math.ceil(most / SHARDS)
    for (const oldest of shard) {
      if (shard.size <= mostHere) break
      shard.delete(oldest)
    }
  }

  /** Whether it was remembered; from now on it is not. */
  take(key: string): boolean {
    const value = hash(key)
    return this.#shards[value & (SHARDS - 1)]!.delete(value)
  }
}

/** FNV-1a, 32 bits. A collision takes one key for another that was remembered, no more. */
function hash(key: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < key.length; index++) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  }
  return value
}
