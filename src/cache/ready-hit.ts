import type { FlatHeaders } from '../forward/sink.ts'
import type { Entry } from './entry.ts'
import { isSendable, TOKEN } from './fields.ts'
import type { Hit } from './lookup.ts'

/** A hit that wants the whole of a stored response: the head that stands ready, and what is said of its age. */
export class ReadyHit implements Hit {
  readonly kind = 'hit'
  readonly result = 'hit'
  readonly #entry: Entry
  readonly #now: number

  /** @param entry one with a `readyHead` */
  constructor(entry: Entry, now: number) {
    this.#entry = entry
    this.#now = now
  }

  get statusCode(): number {
    return this.#entry.statusCode
  }

  get statusMessage(): string {
    return this.#entry.statusMessage
  }

  get body(): Buffer {
    return this.#entry.body
  }

  get headers(): FlatHeaders {
    return [...this.#entry.headers, ...this.#entry.ageFields(this.#now)]
  }

  get text(): string {
    const [age, seconds, status, hit] = this.#entry.ageFields(this.#now)
    return `${this.#entry.readyHead}${age}: ${seconds}\r\n${status}: ${hit}\r\n`
  }
}

/** A head as HTTP/1.1 writes it, up to its last field: more fields and the empty line may follow. Latin1, as the fields are. */
export function headText(
  statusCode: number,
  statusMessage: string,
  headers: FlatHeaders,
): string | undefined {
  if (!isSendable(statusMessage)) return undefined
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}\r\n`]
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!]
    if (!TOKEN.test(name) || !isSendable(value)) return undefined
    lines.push(`${name}: ${value}\r\n`)
  }
  // In one piece: what += makes is a tree, which is walked through each time that it is read.
  return lines.join('')
}
