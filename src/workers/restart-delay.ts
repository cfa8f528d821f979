/** The second restart in a row waits this long, ms; each further one twice as long. */
const firstMs = 250
const longestMs = 30_000
/** A worker that has served for so long, ms, has proved that it can. */
const provenMs = 60_000

/**
 * How long to wait before a worker is started again: the first time not at all, since whoever serves is missed, and then
 * twice as long each time, until one has served for a minute.
 */
export class RestartDelay {
  #deaths = 0

  /** @param servedMs for how long the worker that has died had served; 0 = it never came to serve */
  next(servedMs: number): number {
    if (servedMs >= provenMs) this.#deaths = 0
    const delay = this.#deaths === 0 && servedMs > 0 ? 0 : firstMs * 2 ** Math.max(0, this.#deaths - 1)
    this.#deaths++
    return Math.min(delay, longestMs)
  }
}
