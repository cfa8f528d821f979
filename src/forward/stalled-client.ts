import type { ServerResponse } from 'node:http'
import { Expiring, type Sweep } from './sweep.ts'

/** Cuts a client that takes nothing of what is being sent to it. In the sweep only while something waits to leave. */
export class StalledClient extends Expiring {
  readonly #response: ServerResponse
  readonly #limitMs: number
  readonly #sweep: Sweep
  #taken = -1
  #takenAt = 0

  /** @param limitMs 0 = none is cut */
  constructor(response: ServerResponse, limitMs: number, sweep: Sweep) {
    super()
    this.#response = response
    this.#limitMs = limitMs
    this.#sweep = sweep
  }

  /** There is something that the client has to take. */
  watch(): void {
    if (this.#limitMs === 0) return
    this.#takenAt = this.#sweep.now()
    this.#sweep.add(this)
  }

  rest(): void {
    this.#sweep.delete(this)
  }

  expire(now: number): void {
    const { socket } = this.#response
    // Behind another response, or with nothing to take.
    if (socket === null || socket.writableLength === 0) {
      this.#takenAt = now
      return
    }
    const taken = socket.bytesWritten - socket.writableLength
    if (taken !== this.#taken) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > this.#limitMs) {
      this.#sweep.delete(this)
      socket.destroy()
    }
  }
}
