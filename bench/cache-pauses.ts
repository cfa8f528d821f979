/**
 * How long the cache keeps the event loop to itself at 100 000 entries: collection, eviction, purges, the end.
 *
 * What stores and evicts is done three times over, and of each step the fastest counts: what other processes and the
 * garbage collector take hits another step each time, what the cache does itself hits the same.
 *
 *     node bench/cache-pauses.ts [entries, default 100000]
 */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { HttpCache } from '../src/cache/http-cache.ts'
import type { CacheRequest } from '../src/cache/key.ts'
import type { ResponseSink, ResponseSource } from '../src/forward/sink.ts'

const entries = Number(process.argv[2] ?? 100_000)
const source: ResponseSource = { pause() {}, resume() {}, abort() {} }
const nobody: ResponseSink = { head() {}, data: () => true, end() {}, fail() {} }

function put(
  cache: HttpCache,
  target: string,
  body: Buffer,
  maxAge: number,
  timed = (step: () => void) => step(),
): void {
  const request: CacheRequest = {
    method: 'GET',
    scheme: 'http',
    host: 'example.com',
    target,
    headers: {},
    mode: 'all',
  }
  const lookup = cache.lookup(request)
  if (lookup.kind !== 'fetch') throw new Error(`a ${lookup.kind} for ${target}`)
  lookup.attach(nobody, () => {})
  const headers = [
    'Cache-Control',
    `max-age=${maxAge}`,
    'Cache-Tag',
    'all, bench',
    'Content-Type',
    'text/plain',
    'Content-Length',
    String(body.length),
  ]
  timed(() => lookup.fill.head({ statusCode: 200, statusMessage: 'OK', headers }, source))
  for (let at = 0; at < body.length; at += 65_536)
    timed(() => lookup.fill.data(body.subarray(at, at + 65_536)))
  timed(() => lookup.fill.end([]))
}

function report(
  name: string,
  histogram: { count: number; mean: number; max: number; percentile(p: number): number },
) {
  const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(3)
  const { count, mean, max } = histogram
  console.log(
    `${name.padEnd(44)} ${String(count).padStart(7)} times   mean ${ms(mean)}   p99 ${ms(histogram.percentile(99))}   max ${ms(max)} ms`,
  )
}

async function fill(cache: HttpCache, prefix: string, count: number, maxAge: number): Promise<void> {
  const body = Buffer.alloc(512, 'x')
  for (let index = 0; index < count; index++) {
    put(cache, `${prefix}/${index}`, body, maxAge)
    if (index % 500 === 0) await turn()
  }
}

/** The delay of the event loop while something goes on in the background. */
async function watched(name: string, work: () => Promise<unknown>): Promise<void> {
  globalThis.gc?.()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await work()
  delay.disable()
  report(name, delay)
}

// The cache's own timers never keep a process alive.
const alive = setInterval(() => {}, 1000)

const unbounded = { maxEntries: entries, maxBytes: 4e9 }

// The measure itself: an idle loop.
await watched('an idle event loop', () => sleep(500))

const collected = new HttpCache({ ...unbounded, gcInterval: 1500 })
await fill(collected, '/short', entries, 1)
await watched(`collecting ${entries} expired entries`, async () => {
  while (collected.entries > 0) await sleep(20)
})
console.log(`  the longest slice: ${collected.longestSliceMs.toFixed(3)} ms`)
collected.close()

const kept = new HttpCache({ ...unbounded, gcInterval: 200 })
await fill(kept, '/long', entries, 3600)
await watched(`looking at ${entries} fresh entries`, () => sleep(1500))
console.log(`  the longest slice: ${kept.longestSliceMs.toFixed(3)} ms`)

/** The fastest of three rounds, step by step. */
async function fastest(
  name: string,
  count: number,
  round: () => (index: number) => () => void,
): Promise<void> {
  const best = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  for (let repeat = 0; repeat < 3; repeat++) {
    const prepare = round()
    for (let index = 0; index < count; index++) {
      const step = prepare(index)
      const begun = performance.now()
      step()
      best[index] = Math.min(best[index] as number, performance.now() - begun)
      if (index % 100 === 0) await turn()
    }
  }
  const histogram = createHistogram()
  for (const ms of best) histogram.record(Math.max(1, Math.round(ms * 1e6)))
  report(name, histogram)
}

await fastest(`storing ${entries} and half as many more`, entries * 1.5, () => {
  const cache = new HttpCache(unbounded)
  const body = Buffer.alloc(512)
  return (index) => () => put(cache, `/new/${index}`, body, 3600)
})

await watched('purging half of them by prefix', () => kept.purger.purgePrefix('http://example.com/long/1'))
await watched('purging the rest by tag', () => kept.purger.purgeTag('all'))

const ended = new HttpCache(unbounded)
await fill(ended, '/ended', entries, 3600)
const closing = performance.now()
ended.close()
console.log(`${'closing the cache'.padEnd(44)} ${(performance.now() - closing).toFixed(3)} ms`)
kept.close()

const body = Buffer.alloc(8_000_000)
const crowded = new HttpCache({ maxEntries: entries, maxBytes: 64 * 1024 * 1024 })
await fill(crowded, '/small', entries, 3600)
const large = createHistogram()
for (let index = 0; index < 8; index++) {
  put(crowded, `/large/${index}`, body, 3600, (step) => {
    const begun = process.hrtime.bigint()
    step()
    large.record(process.hrtime.bigint() - begun)
  })
  await turn()
}
report('a step of storing 8 MB in a store full of 1 kB', large)
crowded.close()
clearInterval(alive)
