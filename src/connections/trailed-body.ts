import type { Readable } from 'node:stream'

/** A body with fields behind its last byte (RFC 9110, section 6.5). */
export interface TrailedBody extends Readable {
  /** Name, value, name, value, ...; complete when the stream has ended. */
  readonly trailerLines: readonly string[]
}

const token = /^[\w!#$%&'*+.^`|~-]+$/
const unfitForValue = /[^\t\x20-\x7e\x80-\xff]/
/** What frames a message or belongs to its connection; whoever merged it into the head would believe it. */
const framing =
  /^(?:connection|content-length|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i
const none: readonly string[] = []

/** Whether a body may have trailers at its end. */
export function mayHaveTrailers(body: Readable): body is TrailedBody {
  return 'trailerLines' in body
}

/** The trailers of a body that has ended, without those that must not be sent. */
export function trailersOf(body: Readable): readonly string[] {
  const { trailerLines = none } = body as Partial<TrailedBody>
  if (trailerLines.length === 0) return none
  const lines: string[] = []
  for (let index = 0; index < trailerLines.length; index += 2) {
    const name = trailerLines[index] as string
    const value = trailerLines[index + 1] as string
    if (token.test(name) && !framing.test(name) && !unfitForValue.test(value)) lines.push(name, value)
  }
  return lines
}
