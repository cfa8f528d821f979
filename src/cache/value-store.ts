import { type Clock, systemClock } from '../clock.ts'

/** What values are known by; the same identifier in another segment is another key. */
export type ValueKey = string | { id: string; segment: string }

/** A value that was found. */
export interface StoredValue {
  item: unknown
  /** Milliseconds since 1970. */
  stored: number
  /** Milliseconds that it is still good for. */
  ttl: number
}

type Callback<Result extends unknown[]> = (error: unknown, ...result: Result) => void

export interface ValueStoreOptions {
  /** Values at most; the one that was used longest ago makes room. Default 10 000. */
  maxEntries?: number
  /** The segment of a key that names none. Default `headgate`. */
  segment?: string
  clock?: Clock
}

/**
 * A bounded store of values in memory that speaks the protocol of abstract-cache, callbacks included, so that
 * @fastify/caching and others can share it. Values are kept as they are, not cloned: do not change them.
 */
export class ValueStore {
  /** Says to a client of the protocol that methods take callbacks. */
  readonly await = false
  readonly #values = new Map<string, { item: unknown; stored: number; expires: number }>()
  readonly #maxEntries: number
  readonly #segment: string
  readonly #clock: Clock

  constructor({ maxEntries = 10_000, segment = 'headgate', clock = systemClock }: ValueStoreOptions = {}) {
    this.#maxEntries = maxEntries
    this.#segment = segment
    this.#clock = clock
  }

  get size(): number {
    return this.#values.size
  }

  get(key: ValueKey, callback: Callback<[StoredValue | null]>): void {
    callback(null, this.#find(this.#nameOf(key)) ?? null)
  }

  has(key: ValueKey, callback: Callback<[boolean]>): void {
    callback(null, this.#find(this.#nameOf(key)) !== undefined)
  }

  /** @param ttl milliseconds */
  set(key: ValueKey, item: unknown, ttl: number, callback: Callback<[]>): void {
    const name = this.#nameOf(key)
    const stored = this.#clock.wallNow()
    this.#values.delete(name)
    this.#values.set(name, { item, stored, expires: stored + ttl })
    if (this.#values.size > this.#maxEntries) this.#values.delete(this.#values.keys().next().value as string)
    callback(null)
  }

  delete(key: ValueKey, callback: Callback<[]>): void {
    this.#values.delete(this.#nameOf(key))
    callback(null)
  }

  #find(name: string): StoredValue | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    this.#values.delete(name)
    const ttl = value.expires - this.#clock.wallNow()
    if (ttl < 0) return undefined
    // A map keeps the order of insertion, so that the first is the one that was used longest ago.
    this.#values.set(name, value)
    return { item: value.item, stored: value.stored, ttl }
  }

  #nameOf(key: ValueKey): string {
    return typeof key === 'string' ? `${this.#segment}:${key}` : `${key.segment}:${key.id}`
  }
}
