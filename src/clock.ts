/** A timer that a {@link Clock} has started. Opaque: hand it back to `clearTimeout`. */
export interface Timer {
  /** Let the process end although this timer is running. */
  unref?: () => unknown
}

/** The time, handed in, so that a test can move it. */
export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean anything. */
  now(): number
  /** Milliseconds since 1970, for what is shown to people and for HTTP dates. */
  wallNow(): number
  setTimeout(callback: () => void, delayMs: number): Timer
  clearTimeout(timer: Timer | undefined): void
}

/** The clock of the machine. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
}
