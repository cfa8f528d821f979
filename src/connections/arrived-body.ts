import type { Readable } from 'node:stream'

/** A body that may have arrived in full before anybody reads it. */
export interface ArrivedBody extends Readable {
  /** All of it, which then does not come through the stream; undefined, with nothing done, where it must be read. */
  takeWhole(): Buffer | undefined
}

/** Takes the whole of a body in one piece, where that can be. */
export function takeWhole(body: Readable): Buffer | undefined {
  return (body as Partial<ArrivedBody>).takeWhole?.()
}
