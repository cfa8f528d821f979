import type { ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { Expiring, type Sweep } from './sweep.ts'

/** How a client takes what is being sent to it. */
export interface SendProgress {
  /** Changes with every piece that the client takes; undefined while it has nothing to take. */
  taken(): number | undefined
  /** Gives the client up. */
  cut(): void
}

/** Over HTTP/1.1 a connection carries one response at a time. */
export function connectionProgress(response: ServerResponse): SendProgress {
  return {
    taken() {
      const { socket } = response
      // Behind another response, or with nothing to take.
      if (socket === null || socket.writableLength === 0) return undefined
      return socket.bytesWritten - socket.writableLength
    },
    cut: () => response.socket?.destroy(),
  }
}

/** Over HTTP/2 each stream has a window of its own, and the others go on when it is cut. */
export function streamProgress(stream: ServerHttp2Stream): SendProgress {
  return {
    taken: () => (stream.bufferSize === 0 ? undefined : stream.bufferSize),
    cut: () => stream.close(constants.NGHTTP2_CANCEL),
  }
}

/** Cuts a client that takes nothing of what is being sent to it. In the sweep only while something waits to leave. */
export class StalledClient extends Expiring {
  readonly #progress: SendProgress
  readonly #limitMs: number
  readonly #sweep: Sweep
  #taken = -1
  #takenAt = 0

  /** @param limitMs 0 = none is cut */
  constructor(progress: SendProgress, limitMs: number, sweep: Sweep) {
    super()
    this.#progress = progress
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
    const taken = this.#progress.taken()
    if (taken === undefined) {
      this.#takenAt = now
      return
    }
    if (taken !== this.#taken) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > this.#limitMs) {
      this.#sweep.delete(this)
      this.#progress.cut()
    }
  }
}
