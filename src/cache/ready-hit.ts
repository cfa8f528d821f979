import type { FlatHeaders } from '../forward/sink.ts'
import type { Answer } from './entry.ts'
import { isSendable, TOKEN } from './fields.ts'
import type { Hit } from './lookup.ts'

/**
 * A hit that wants the whole of a stored response. Nothing but the age changes, so that all hits of a second share the
 * second one of it.
 */
export class ReadyHit implements Hit {
  readonly kind = 'hit'
  readonly result = 'hit'
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: FlatHeaders
  readonly body: Buffer
  #text: string | undefined
  #isTextMade = false

  constructor({ statusCode, statusMessage, headers, body }: Answer & { body: Buffer }) {
    this.statusCode = statusCode
    this.statusMessage = statusMessage
    this.headers = headers
    this.body = body
  }

  /**
   * The head as HTTP/1.1 writes it, up to its last field: more fields and the empty line may follow. Undefined where
   * something in it cannot be written.
   */
  get text(): string | undefined {
    if (!this.#isTextMade) {
      this.#isTextMade = true
      this.#text = headText(this)
    }
    return this.#text
  }
}

/** RFC 9112, sections 4 and 5. Latin1, as the fields are. */
function headText({ statusCode, statusMessage, headers }: ReadyHit): string | undefined {
  if (!isSendable(statusMessage)) return undefined
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!]
    if (!TOKEN.test(name) || !isSendable(value)) return undefined
    text += `${name}: ${value}\r\n`
  }
  return text
}
