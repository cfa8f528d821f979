/**
 * Which order of eviction keeps what is asked for again? LRU, SIEVE and S3-FIFO on generated web traces, by hit
 * ratio and byte hit ratio. Everything is seeded: two runs print the same table.
 *
 *     node bench/eviction.ts [requests, default 400000]
 */
import { type Evictable, EvictionQueue } from '../src/cache/eviction.ts'

interface Request {
  key: number
  bytes: number
}

interface Order {
  add(node: Item): void
  touch(node: Item): void
  evict(): Item | undefined
}

class Item implements Evictable<Item> {
  readonly key: string
  readonly id: number
  readonly bytes: number
  uses = 0
  queue = 0
  older: Item | undefined
  newer: Item | undefined

  constructor({ key, bytes }: Request) {
    this.id = key
    this.key = `http://example.com/${key}`
    this.bytes = bytes
  }
}

/** The least recently used one goes. */
class Lru implements Order {
  readonly #items = new Map<number, Item>()

  add(item: Item): void {
    this.#items.set(item.id, item)
  }

  touch(item: Item): void {
    this.#items.delete(item.id)
    this.#items.set(item.id, item)
  }

  evict(): Item | undefined {
    const [oldest] = this.#items.values()
    if (oldest !== undefined) this.#items.delete(oldest.id)
    return oldest
  }
}

/** A FIFO with a hand that passes over what was used since it last came by (Zhang and others, NSDI 2024). */
class Sieve implements Order {
  #oldest: Item | undefined
  #newest: Item | undefined
  #hand: Item | undefined

  add(item: Item): void {
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
  }

  touch(item: Item): void {
    item.uses = 1
  }

  evict(): Item | undefined {
    let hand = this.#hand ?? this.#oldest
    while (hand !== undefined && hand.uses > 0) {
      hand.uses = 0
      hand = hand.newer ?? this.#oldest
    }
    if (hand === undefined) return undefined
    this.#hand = hand.newer
    if (hand.older === undefined) this.#oldest = hand.newer
    else hand.older.newer = hand.newer
    if (hand.newer === undefined) this.#newest = hand.older
    else hand.newer.older = hand.older
    return hand
  }
}

function replay(
  trace: readonly Request[],
  order: Order,
  capacity: number,
): { hits: number; byteHits: number; ms: number } {
  const held = new Map<number, Item>()
  let [used, hits, byteHits, bytes] = [0, 0, 0, 0]
  const begun = performance.now()
  for (const request of trace) {
    bytes += request.bytes
    const known = held.get(request.key)
    if (known !== undefined) {
      hits++
      byteHits += request.bytes
      order.touch(known)
      continue
    }
    const item = new Item(request)
    held.set(request.key, item)
    order.add(item)
    used += item.bytes
    while (used > capacity) {
      const victim = order.evict()!
      held.delete(victim.id)
      used -= victim.bytes
    }
  }
  return { hits: hits / trace.length, byteHits: byteHits / bytes, ms: performance.now() - begun }
}

/** A small fast generator with a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

/** Sizes of web objects: log-normal around 12 kB, from 200 bytes to 2 MB, the same for a key each time. */
function sizeOf(key: number): number {
  const random = seeded(key + 1)
  const normal = Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random())
  return Math.round(Math.min(2_097_152, Math.max(200, Math.exp(9.4 + 1.3 * normal))))
}

/** Keys by popularity: the n-th is asked for in proportion to 1 / n ** skew. */
function zipf(count: number, skew: number, random: () => number): () => number {
  const cumulative = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** skew
    cumulative[rank] = sum
  }
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

function trace(length: number, next: (index: number) => number): Request[] {
  return Array.from({ length }, (_, index) => {
    const key = next(index)
    return { key, bytes: sizeOf(key) }
  })
}

const OBJECTS = 20_000
const FIRST_WONDER = 1_000_000

/** What a site sees: popularity alone, with one-hit wonders, with crawlers, and with a taste that moves. */
function traces(length: number): Record<string, Request[]> {
  const random = seeded(7)
  const popular = zipf(OBJECTS, 0.9, random)
  const steep = zipf(OBJECTS, 1.1, random)
  let wonder = FIRST_WONDER
  return {
    'zipf 0.9': trace(length, popular),
    'zipf 1.1': trace(length, steep),
    'zipf 0.9, 30 % one-hit wonders': trace(length, () => (random() < 0.3 ? wonder++ : popular())),
    // A crawler walks the whole site once in every quarter, ten pages a visitor.
    'zipf 0.9, scans': trace(length, (index) =>
      index % (length / 4) < OBJECTS ? index % OBJECTS : popular(),
    ),
    // A tenth of what is popular changes in every tenth of the trace.
    'zipf 0.9, moving': trace(
      length,
      (index) => (popular() + Math.floor((index * 10) / length) * 2000) % OBJECTS,
    ),
  }
}

const length = Number(process.argv[2] ?? 400_000)
const orders: Record<string, () => Order> = {
  LRU: () => new Lru(),
  SIEVE: () => new Sieve(),
  'S3-FIFO': () => new EvictionQueue<Item>(),
}

console.log(`${length} requests, ${OBJECTS} objects; hit ratio / byte hit ratio in %, and ns per request`)
for (const [name, requests] of Object.entries(traces(length))) {
  const footprint = [...new Map(requests.map(({ key, bytes }) => [key, bytes])).values()].reduce(
    (a, b) => a + b,
    0,
  )
  for (const share of [0.01, 0.05, 0.2]) {
    const columns = Object.entries(orders).map(([order, make]) => {
      const { hits, byteHits, ms } = replay(requests, make(), footprint * share)
      const percent = (ratio: number) => (ratio * 100).toFixed(1).padStart(5)
      return `${order} ${percent(hits)} /${percent(byteHits)} (${Math.round((ms * 1e6) / length)})`
    })
    console.log(`${name.padEnd(32)} cache ${String(share * 100).padStart(2)} %   ${columns.join('   ')}`)
  }
}
