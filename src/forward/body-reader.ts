import { Readable } from 'node:stream'
import type { FlatHeaders } from './sink.ts'

const none: FlatHeaders = []

/** Where a reader's bytes come from. */
export interface Pump {
  wanted(reader: BodyReader): void
  abandoned(reader: BodyReader): void
  takeWhole(reader: BodyReader): Buffer | undefined
}

/** What one attempt reads of a request's body: it ends, fails or is dropped, and the client's connection stays. */
export class BodyReader extends Readable {
  /** Fields behind the last byte, for whoever sends them on: name, value, name, value, ... Known at the end. */
  trailerLines: FlatHeaders = none
  readonly #pump: Pump

  constructor(pump: Pump) {
    super()
    this.#pump = pump
    // The attempt hears of a failure through its own error; an unheard one must not end the process.
    this.on('error', () => {})
  }

  /**
   * The whole body in one piece, where all of it has arrived and may be sent; then nothing comes through the stream.
   * Undefined, with nothing done, where it must be read as a stream.
   */
  takeWhole(): Buffer | undefined {
    return this.#pump.takeWhole(this)
  }

  override _read(): void {
    this.#pump.wanted(this)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#pump.abandoned(this)
    callback(error)
  }
}
