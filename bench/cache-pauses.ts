/**
 * How long the cache keeps the event loop to itself at 100 000 entries: collection, eviction, purges, the end.
 *
 * V8's garbage collections fall into what the cache does by chance, and so does what other processes take. Slices of the
 * collector are shown with both and without. What stores and evicts is done three times over, and of each step the
 * fastest counts: what others take hits another step each time, what the cache does itself hits the same.
 *
 *     node bench/cache-pauses.ts [entries, default 100000]
 */
import { readFileSync } from 'node:fs'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { HttpCache } from '../src/cache/http-cache.ts'
import type { CacheRequest } from '../src/cache/key.ts'
import { type Clock, systemClock } from '../src/clock.ts'
import type { ResponseSink, ResponseSource } from '../src/forward/sink.ts'
import { Collections, overlapMs, type Span } from './machine/collections.ts'

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

/** Upper ends of the classes that slices are shown by, ms. */
const classes = [0.1, 0.2, 0.4, 0.6, 1, 2.5, 5, Number.POSITIVE_INFINITY]

interface Slice extends Span {
  /** What of it other processes had the core for, ms. */
  waitedMs: number
}

/** What timers of the cache have called. */
function timedClock(slices: Slice[]): Clock {
  return {
    ...systemClock,
    setTimeout: (callback, delayMs) =>
      systemClock.setTimeout(() => {
        const waited = waitedMs()
        const begin = performance.now()
        callback()
        slices.push({ begin, end: performance.now(), waitedMs: waitedMs() - waited })
      }, delayMs),
  }
}

/** How long the main thread has waited for a core so far, ms; 0 where the system does not tell. */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/** The slices of a collector, ms: without V8's collections and the time of other processes, and as they were. */
interface Slices {
  own: number[]
  wall: number[]
  /** V8's collections meanwhile. */
  collections: number[]
}

async function slicesOf(maxAge: number, until: (cache: HttpCache) => Promise<unknown>): Promise<Slices> {
  const slices: Slice[] = []
  const cache = new HttpCache({ ...unbounded, gcInterval: 1500, clock: timedClock(slices) })
  await fill(cache, '/collected', entries, maxAge)
  slices.length = 0
  const garbage = new Collections()
  await until(cache)
  const spans = await garbage.all()
  garbage.close()
  cache.close()
  const wall = slices.map(({ begin, end }) => end - begin)
  return {
    wall,
    own: slices.map((slice, index) => wall[index]! - slice.waitedMs - overlapMs(slice, spans)),
    collections: spans.map(({ begin, end }) => end - begin),
  }
}

async function reportSlices(
  name: string,
  until: (cache: HttpCache) => Promise<unknown>,
  maxAge = 3600,
): Promise<void> {
  const { own, wall, collections } = await slicesOf(maxAge, until)
  console.log(`${name}: ${own.length} slices`)
  console.log(`  ms, up to    ${classes.map((end) => String(end).padStart(9)).join('')}   longest`)
  for (const [what, all] of Object.entries({
    'the cache': own,
    'with others': wall,
    "V8's own": collections,
  }))
    console.log(`  ${what.padEnd(12)} ${countsOf(all)} ${longest(all).toFixed(3).padStart(9)}`)
}

function longest(all: readonly number[]): number {
  return Math.max(0, ...all)
}

function countsOf(all: readonly number[]): string {
  const counts = classes.map(
    (end, index) => all.filter((ms) => ms <= end && ms > (classes[index - 1] ?? -1)).length,
  )
  return counts.map((count) => String(count).padStart(9)).join('')
}

const untilEmpty = async (cache: HttpCache) => {
  while (cache.entries > 0) await sleep(20)
}
await reportSlices(`collecting ${entries} expired entries`, untilEmpty, 1)
await reportSlices(`looking at ${entries} fresh entries`, () => sleep(3000))
await reportSlices(`evicting ${entries} entries, for a smaller bound`, async (cache) => {
  cache.adjust({ maxEntries: 0, maxBytes: 4e9 })
  await untilEmpty(cache)
})

const kept = new HttpCache(unbounded)
await fill(kept, '/long', entries, 3600)

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
