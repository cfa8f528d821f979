import type { Duplex } from 'node:stream'
import { FrameCursor } from './frame-cursor.ts'

/** What goes from one side of a tunnel to the other, at its pace. */
export class Direction {
  readonly #from: Duplex
  readonly #to: Duplex
  readonly #farewell: Buffer | undefined
  readonly #frames: FrameCursor | undefined

  /** @param farewell told at the end, between two frames of a WebDuplex */
  constructor(from: Duplex, to: Duplex, farewell: Buffer | undefined) {
    this.#from = from
    this.#to = to
    this.#farewell = farewell
    if (farewell !== undefined) {
      this.#frames = new FrameCursor()
      from.on('data', this.#follow)
    }
    from.pipe(to)
  }

  /** Sends what came before the tunnel was there. */
  write(bytes: Buffer): void {
    this.#frames?.read(bytes)
    this.#to.write(bytes)
  }

  /** Takes no more than the rest of the frame that is under way. */
  end(): void {
    this.#from.off('data', this.#follow).unpipe(this.#to)
    if (this.#frames?.isBetween === false && this.#from.readable) this.#from.on('data', this.#finish)
    else this.#leave()
    // What else comes is dropped; unread, it would turn the end into a reset.
    this.#from.resume()
  }

  #leave(): void {
    const isTold = this.#frames?.isBetween === false || this.#frames?.hasClosed === true
    if (!isTold && this.#farewell !== undefined && this.#to.writable) this.#to.write(this.#farewell)
    this.#to.end()
  }

  readonly #follow = (chunk: Buffer): void => {
    this.#frames?.read(chunk)
  }

  readonly #finish = (chunk: Buffer): void => {
    const frames = this.#frames as FrameCursor
    const hasRoom = this.#to.write(chunk.subarray(0, frames.read(chunk, true)))
    if (frames.isBetween) {
      this.#from.off('data', this.#finish)
      this.#leave()
    } else if (!hasRoom) {
      this.#from.pause()
      this.#to.once('drain', () => this.#from.resume())
    }
  }
}
