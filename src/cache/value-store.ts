import { deserialize, serialize } from 'node:v8'
import { type Clock, systemClock } from '../clock.ts'
import { type Evictable, EvictionQueue } from './eviction.ts'

/** A value that a plugin keeps, as it was stored. Times are milliseconds. */
export interface StoredValue {
  item: unknown
  /** Milliseconds since 1970. */
  stored: number
  /** What is left of its lifetime. */
  ttl: number
}

const OVERHEAD_BYTES = 256

class Value implements Evictable<Value> {
  readonly key: string
  readonly data: Buffer
  readonly bytes: number
  readonly stored: number
  readonly expiresAt: number
  uses = 0
  queue = 0
  older: Value | undefined
  newer: Value | undefined

  constructor(key: string, data: Buffer, stored: number, expiresAt: number) {
    this.key = key
    this.data = data
    this.bytes = data.length + 2 * key.length + OVERHEAD_BYTES
    this.stored = stored
    this.expiresAt = expiresAt
  }
}

/**
 * Values of other plugins, in the same order of eviction as responses, with bounds of their own. A value is copied
 * on its way in and out, so that nobody changes what another one reads.
 */
export class ValueStore {
  readonly #values = new Map<string, Value>()
  readonly #order = new EvictionQueue<Value>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #clock: Clock

  bytes = 0

  /** @param options `maxEntries`, by default 10 000; `maxBytes`, by default 16 MB */
  constructor(options: { maxEntries?: number; maxBytes?: number; clock?: Clock } = {}) {
    this.#maxEntries = options.maxEntries ?? 10_000
    this.#maxBytes = options.maxBytes ?? 16_777_216
    this.#clock = options.clock ?? systemClock
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string): StoredValue | undefined {
    const value = this.#fresh(key)
    if (value === undefined) return undefined
    this.#order.touch(value)
    const ttl = value.expiresAt - this.#clock.now()
    return { item: deserialize(value.data), stored: value.stored, ttl }
  }

  has(key: string): boolean {
    return this.#fresh(key) !== undefined
  }

  /**
   * Keeps a value for `ttl` milliseconds at most. False when it does not fit.
   * @throws where the value cannot be copied: functions, symbols
   */
  set(key: string, item: unknown, ttl: number): boolean {
    this.delete(key)
    const now = this.#clock.now()
    const value = new Value(key, serialize(item), this.#clock.wallNow(), now + ttl)
    if (value.bytes > this.#maxBytes || this.#maxEntries < 1 || !(ttl > 0)) return false
    this.#values.set(key, value)
    this.#order.add(value)
    this.bytes += value.bytes
    while (this.#values.size > this.#maxEntries || this.bytes > this.#maxBytes) {
      const victim = this.#order.evict()
      if (victim === undefined) break
      this.#forget(victim)
    }
    return this.#values.has(key)
  }

  delete(key: string): boolean {
    const value = this.#values.get(key)
    if (value === undefined) return false
    this.#order.remove(value)
    this.#forget(value)
    return true
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key)
  }

  #fresh(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined || this.#clock.now() < value.expiresAt) return value
    this.delete(key)
    return undefined
  }

  #forget(value: Value): void {
    this.#values.delete(value.key)
    this.bytes -= value.bytes
  }
}
