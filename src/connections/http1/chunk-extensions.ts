import { badResponse } from './bad-response.ts'
import { backslash, carriageReturn, equals, isText, isToken, quote, semicolon } from './bytes.ts'

const beforeName = 0
const inName = 1
const beforeValue = 2
const inValue = 3
const inQuotes = 4
const escaped = 5
const behindQuotes = 6

/**
 * Reads over the extensions of a chunk, which mean nothing here (RFC 9112, section 7.1.1):
 *
 *     ;name  ;name=token  ;name="any text, \" too"      without white space, which the grammar calls bad
 */
export class ChunkExtensions {
  #state = beforeName

  /** Behind the first semicolon. */
  begin(): void {
    this.#state = beforeName
  }

  /** True for the CR that ends them. */
  endAt(byte: number): boolean {
    const isEnd = byte === carriageReturn && this.#mayEnd()
    if (!isEnd) this.#state = this.#next(byte)
    return isEnd
  }

  #mayEnd(): boolean {
    return this.#state === inName || this.#state === inValue || this.#state === behindQuotes
  }

  #next(byte: number): number {
    const isPart = isToken[byte] === 1
    switch (this.#state) {
      case beforeName:
        if (isPart) return inName
        break
      case inName:
        if (isPart) return inName
        if (byte === equals) return beforeValue
        if (byte === semicolon) return beforeName
        break
      case beforeValue:
        if (isPart) return inValue
        if (byte === quote) return inQuotes
        break
      case inValue:
        if (isPart) return inValue
        if (byte === semicolon) return beforeName
        break
      case inQuotes:
        if (byte === quote) return behindQuotes
        if (byte === backslash) return escaped
        if (isText[byte] === 1) return inQuotes
        break
      case escaped:
        if (isText[byte] === 1) return inQuotes
        break
      default:
        if (byte === semicolon) return beforeName
    }
    throw badResponse('a malformed chunk extension')
  }
}
