import { monitorEventLoopDelay } from 'node:perf_hooks'
import v8 from 'node:v8'
import { type Clock, systemClock, type Timer } from '../clock.ts'

/** How the process is doing. */
export interface Strain {
  /** How late timers fire, in milliseconds. */
  delayMs: number
  /** The heap in use as a share of what it may grow to. */
  heapShare: number
}

export interface CeilingOptions {
  /** Timers later than this are trouble, in milliseconds. @default 200 */
  maxDelay?: number
  /** A heap fuller than this share is trouble. @default 0.9 */
  maxHeapShare?: number
  /** Milliseconds between two looks. @default 250 */
  interval?: number
  /** @default the process's own event loop and heap */
  measure?: () => Strain
  clock?: Clock
}

export type StrainReason = 'event_loop' | 'memory'

/**
 * Protects the gateway itself: says when it should refuse requests, before it is in trouble.
 *
 * Two looks in a row must find trouble, so that one long garbage collection refuses nobody; one that finds none ends it.
 */
export class Ceiling {
  /** Why requests are to be refused now; `undefined` = they are not. */
  reason: StrainReason | undefined
  /** What the last look has found. */
  strain: Strain = { delayMs: 0, heapShare: 0 }
  readonly #options: Required<Omit<CeilingOptions, 'measure'>>
  readonly #measure: () => Strain
  readonly #stop: () => void
  #suspect: StrainReason | undefined
  #timer: Timer | undefined

  constructor(options: CeilingOptions = {}) {
    const { maxDelay = 200, maxHeapShare = 0.9, interval = 250, clock = systemClock } = options
    this.#options = { maxDelay, maxHeapShare, interval, clock }
    const meter = options.measure === undefined ? processMeter() : { measure: options.measure, stop() {} }
    this.#measure = meter.measure
    this.#stop = meter.stop
    this.#arm()
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#stop()
  }

  #arm(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      const found = this.#look()
      this.reason = found !== undefined && found === this.#suspect ? found : undefined
      this.#suspect = found
      this.#arm()
    }, this.#options.interval)
  }

  #look(): StrainReason | undefined {
    this.strain = this.#measure()
    const { delayMs, heapShare } = this.strain
    if (heapShare > this.#options.maxHeapShare) return 'memory'
    return delayMs > this.#options.maxDelay ? 'event_loop' : undefined
  }
}

function processMeter(): { measure: () => Strain; stop: () => void } {
  const resolutionMs = 10
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  return {
    measure() {
      const delayMs = histogram.count === 0 ? 0 : histogram.mean / 1e6 - resolutionMs
      histogram.reset()
      const { used_heap_size: used, heap_size_limit: limit } = v8.getHeapStatistics()
      return { delayMs, heapShare: used / limit }
    },
    stop: () => histogram.disable(),
  }
}
