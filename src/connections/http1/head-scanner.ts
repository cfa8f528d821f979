import { errors } from 'undici'
import { badResponse } from './bad-response.ts'
import { carriageReturn, colon, isText, isToken, lineFeed, space, tab } from './bytes.ts'

export interface HeadLimits {
  /** Bytes of a head, its line ends included. */
  maxBytes: number
  maxFields: number
}

const inStatusLine = 0
const atLineStart = 1
const inName = 2
const inValue = 3
const atLineEnd = 4
const atHeadEnd = 5

const protocol = Buffer.from('HTTP/1.')

/**
 * Finds the lines of a head, or of trailers, in bytes that come in any pieces, and refuses everything that is not
 * exactly RFC 9112, sections 2.2, 4 and 5: a line ends with CRLF and with nothing else, none is folded, a name is a
 * token with its colon right behind it, and no value has a control character.
 *
 *     HTTP/1.1 200 OK CRLF
 *     Name: value CRLF          marks: name begins, name ends, value begins, value ends
 *     CRLF
 */
export class HeadScanner {
  /** Where the status line ends. */
  statusLineEnd = 0
  readonly #limits: HeadLimits
  /** Grows to the size of the largest head, and is written over by the next. */
  readonly #marks: number[] = []
  #count = 0
  #state = inStatusLine
  #at = 0

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  beginHead(): void {
    this.#count = 0
    this.#state = inStatusLine
    this.#at = 0
  }

  beginTrailers(): void {
    this.#count = 0
    this.#state = atLineStart
    this.#at = 0
  }

  /**
   * Goes on through bytes that are the same as before with more behind them; the head begins with the first.
   * Returns where it ends, or -1 while it has not ended.
   */
  scan(bytes: Uint8Array): number {
    const { length } = bytes
    let at = this.#at
    let state = this.#state
    while (at < length) {
      if (state === inValue) {
        while (at < length && isText[bytes[at] as number] === 1) at++
        if (at === length) break
        if (bytes[at] !== carriageReturn) throw badResponse('a control character in a field')
        this.#endValue(bytes, at++)
        state = atLineEnd
      } else if (state === inName) {
        while (at < length && isToken[bytes[at] as number] === 1) at++
        if (at === length) break
        if (bytes[at] !== colon) throw badResponse('a field name that is not a token and a colon')
        this.#marks[this.#count++] = at++
        state = inValue
      } else if (state === atLineStart) {
        if (bytes[at] === carriageReturn) {
          at++
          state = atHeadEnd
        } else {
          if (isToken[bytes[at] as number] === 0) throw badResponse('a line that does not begin with a name')
          this.#marks[this.#count++] = at
          state = inName
        }
      } else if (state === inStatusLine) {
        while (at < length && isText[bytes[at] as number] === 1) at++
        checkProtocol(bytes)
        if (at === length) break
        if (bytes[at] !== carriageReturn) throw badResponse('a control character in the status line')
        this.statusLineEnd = at++
        state = atLineEnd
      } else {
        if (bytes[at] !== lineFeed) throw badResponse('a line that does not end with CRLF')
        at++
        if (state === atHeadEnd) return this.#checkSize(at)
        state = atLineStart
      }
    }
    this.#at = at
    this.#state = state
    this.#checkSize(at)
    return -1
  }

  /** The field lines of the head that has ended: name, value, name, value, ... */
  fields(text: string): string[] {
    const marks = this.#marks
    const fields: string[] = new Array(this.#count / 2)
    for (let index = 0; index < fields.length; index++) {
      fields[index] = text.slice(marks[2 * index], marks[2 * index + 1])
    }
    return fields
  }

  /**
   * The value is what lies between the white space around it. A tab behind it stays, for the next reader to skip: with
   * one, not every reader takes a length for a length, or `chunked` for `chunked`, and so it is neither here.
   */
  #endValue(bytes: Uint8Array, lineEnd: number): void {
    let start = (this.#marks[this.#count - 1] as number) + 1
    let end = lineEnd
    while (start < end && isBlank(bytes[start] as number)) start++
    while (end > start && bytes[end - 1] === space) end--
    this.#marks[this.#count++] = start
    this.#marks[this.#count++] = end
    if (this.#count > 4 * this.#limits.maxFields) throw new errors.HeadersOverflowError()
  }

  #checkSize(size: number): number {
    if (size > this.#limits.maxBytes) throw new errors.HeadersOverflowError()
    return size
  }
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab
}

/** Looks at the beginning as soon as it is there, so that what is not HTTP is not waited for. */
function checkProtocol(bytes: Uint8Array): void {
  for (let index = 0; index < protocol.length && index < bytes.length; index++) {
    if (bytes[index] !== protocol[index]) throw badResponse('not a status line of HTTP/1')
  }
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/

/** Version and status code (RFC 9112, section 4); the reason phrase may be missing with the space before it. */
export function readStatusLine(line: string): { statusCode: number; isVersion10: boolean } {
  const parts = statusLine.exec(line)
  if (parts === null) throw badResponse('a malformed status line')
  return { statusCode: Number(parts[2]), isVersion10: parts[1] === '0' }
}
