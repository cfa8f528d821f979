import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from './event-log.ts'
import type { GatewaySnapshot } from './snapshot.ts'

/** Who looks on; a WebSocket. */
export interface Viewer {
  /** Bytes that were sent and not taken. */
  readonly bufferedAmount: number
  send(text: string): void
  /** Ends it at once. */
  terminate(): void
}

export interface LiveStreamOptions {
  snapshot: () => Promise<GatewaySnapshot>
  events: EventLog
  clock: Clock
  onError: (error: unknown) => void
  /** Milliseconds between two frames. @default 1000 */
  interval?: number
  /** @default 32 */
  maxViewers?: number
}

interface Watching {
  /** The number of the last event that was sent. */
  lastEvent: number
  /** Since when it has taken nothing; undefined while it does. */
  stuckSince: number | undefined
}

/** A larger frame comes that much less often, so that a large fleet costs no more than a small one. */
const fullFrameBytes = 256 * 1024
/** What happens is shown at once, but frames are at least so many milliseconds apart. */
const leastIntervalMs = 100
/** A viewer that takes nothing for so long is gone. */
const patienceMs = 30_000

/**
 * Sends everybody who looks on a snapshot about once a second, at once when something happens, and with it the events
 * that they have not seen. Nobody waits for a slow viewer: it misses frames, and gets the events with a later one.
 */
export class LiveStream {
  readonly #options: Required<LiveStreamOptions>
  readonly #viewers = new Map<Viewer, Watching>()
  #timer: Timer | undefined
  #sentAt = Number.NEGATIVE_INFINITY
  #frameBytes = 0
  #isSending = false

  constructor({ interval = 1_000, maxViewers = 32, ...options }: LiveStreamOptions) {
    this.#options = { interval, maxViewers, ...options }
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Returns false where there are too many already. */
  join(viewer: Viewer): boolean {
    if (this.#viewers.size >= this.#options.maxViewers) return false
    this.#viewers.set(viewer, { lastEvent: 0, stuckSince: undefined })
    this.hurry()
    return true
  }

  leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
  }

  /** Something has happened: the next frame comes soon. */
  hurry(): void {
    this.#arm(leastIntervalMs)
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#viewers.clear()
  }

  #arm(intervalMs: number): void {
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    if (this.#viewers.size === 0 || this.#isSending) return
    const due = this.#sentAt + intervalMs - clock.now()
    this.#timer = clock.setTimeout(() => void this.#send(), Math.max(0, due))
  }

  async #send(): Promise<void> {
    const { snapshot, onError, interval } = this.#options
    this.#isSending = true
    try {
      const text = JSON.stringify(await snapshot())
      this.#frameBytes = text.length
      for (const [viewer, watching] of this.#viewers) this.#sendTo(viewer, watching, text)
    } catch (error) {
      onError(error)
    }
    this.#isSending = false
    this.#sentAt = this.#options.clock.now()
    this.#arm(interval * Math.max(1, this.#frameBytes / fullFrameBytes))
  }

  #sendTo(viewer: Viewer, watching: Watching, snapshot: string): void {
    const now = this.#options.clock.now()
    if (viewer.bufferedAmount > 0) {
      watching.stuckSince ??= now
      if (now - watching.stuckSince < patienceMs) return
      this.leave(viewer)
      viewer.terminate()
      return
    }
    watching.stuckSince = undefined
    const events = this.#options.events.after(watching.lastEvent)
    watching.lastEvent = events.at(-1)?.id ?? watching.lastEvent
    viewer.send(`{"snapshot":${snapshot},"events":${JSON.stringify(events)}}`)
  }
}
