import { PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'

/** A piece of time on the monotonic clock, ms. */
export interface Span {
  begin: number
  end: number
}

/** V8's garbage collections, from the moment that somebody looks on. */
export class Collections {
  readonly #spans: Span[] = []
  readonly #observer = new PerformanceObserver((list) => this.#take(list.getEntries()))

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Each of them so far. V8 tells of one a little after its end. */
  async all(): Promise<readonly Span[]> {
    await turn()
    this.#take(this.#observer.takeRecords())
    return this.#spans
  }

  close(): void {
    this.#observer.disconnect()
  }

  #take(entries: readonly { startTime: number; duration: number }[]): void {
    for (const { startTime, duration } of entries)
      this.#spans.push({ begin: startTime, end: startTime + duration })
  }
}

/** How much of a piece of time others took, ms; those do not overlap. */
export function overlapMs({ begin, end }: Span, others: readonly Span[]): number {
  let ms = 0
  for (const other of others) ms += Math.max(0, Math.min(end, other.end) - Math.max(begin, other.begin))
  return ms
}
