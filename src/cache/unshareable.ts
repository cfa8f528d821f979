/** How long a resource is not waited for after its response turned out to be for one client alone. */
const MEMORY_MS = 30_000

/** No more keys than this are remembered; the oldest is forgotten. */
const MOST_KEYS = 10_000

/**
 * Resources whose last response could not be shared. Their requests go to the servers side by side: waiting for
 * one another would only make them slow.
 */
export class Unshareable {
  readonly #until = new Map<string, number>()

  add(key: string, now: number): void {
    this.#until.delete(key)
    this.#until.set(key, now + MEMORY_MS)
    if (this.#until.size <= MOST_KEYS) return
    const [oldest] = this.#until.keys()
    if (oldest !== undefined) this.#until.delete(oldest)
  }

  has(key: string, now: number): boolean {
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (now < until) return true
    this.#until.delete(key)
    return false
  }

  delete(key: string): void {
    this.#until.delete(key)
  }
}
