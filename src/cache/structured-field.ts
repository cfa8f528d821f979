/**
 * A strict parser for dictionaries of structured fields (RFC 9651, section 4.2.2): whatever is not exactly
 * well-formed makes the whole field invalid, which is what RFC 9213 asks of a targeted field.
 */
export interface Member {
  type: 'integer' | 'decimal' | 'string' | 'token' | 'bytes' | 'boolean' | 'date' | 'display' | 'list'
  /** The value of an integer, decimal, date, string, token or boolean; undefined for the other types. */
  value: number | string | boolean | undefined
}

/** The dictionary, or undefined when the text is not one. Parameters are checked and dropped. */
export function parseDictionary(text: string): Map<string, Member> | undefined {
  const reader = new Reader(text)
  try {
    return reader.dictionary()
  } catch (error) {
    if (error === MALFORMED) return undefined
    throw error
  }
}

const MALFORMED = new Error('not a structured field')

const TOKEN_START = /[A-Za-z*]/
const TOKEN_REST = /[!#$%&'*+\-.^_`|~0-9A-Za-z:/]/
const KEY_START = /[a-z*]/
const KEY_REST = /[a-z0-9_\-.*]/
const DIGIT = /[0-9]/

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  dictionary(): Map<string, Member> {
    const members = new Map<string, Member>()
    this.#skip(' ')
    while (this.#at < this.#text.length) {
      const key = this.#key()
      let member: Member = { type: 'boolean', value: true }
      if (this.#take('=')) member = this.#peek() === '(' ? this.#innerList() : this.#item()
      this.#parameters()
      members.set(key, member)
      this.#skip(' \t')
      if (this.#at === this.#text.length) break
      this.#expect(',')
      this.#skip(' \t')
      if (this.#at === this.#text.length) throw MALFORMED
    }
    return members
  }

  #innerList(): Member {
    this.#expect('(')
    for (;;) {
      this.#skip(' ')
      if (this.#take(')')) return { type: 'list', value: undefined }
      this.#item()
      this.#parameters()
      if (this.#peek() !== ' ' && this.#peek() !== ')') throw MALFORMED
    }
  }

  #parameters(): void {
    while (this.#take(';')) {
      this.#skip(' ')
      this.#key()
      if (this.#take('=')) this.#item()
    }
  }

  #item(): Member {
    const first = this.#peek()
    if (first === '-' || DIGIT.test(first)) return this.#number()
    if (first === '"') return { type: 'string', value: this.#string() }
    if (first === '?') return this.#boolean()
    if (first === ':') return this.#bytes()
    if (first === '@') return this.#date()
    if (first === '%') return this.#display()
    if (TOKEN_START.test(first)) return { type: 'token', value: this.#while(TOKEN_REST) }
    throw MALFORMED
  }

  #number(): Member {
    const sign = this.#take('-') ? -1 : 1
    const whole = this.#while(DIGIT)
    if (whole === '') throw MALFORMED
    if (!this.#take('.')) {
      if (whole.length > 15) throw MALFORMED
      return { type: 'integer', value: sign * Number(whole) }
    }
    const fraction = this.#while(DIGIT)
    if (whole.length > 12 || fraction === '' || fraction.length > 3) throw MALFORMED
    return { type: 'decimal', value: sign * Number(`${whole}.${fraction}`) }
  }

  #string(): string {
    this.#expect('"')
    let value = ''
    for (;;) {
      const char = this.#next()
      if (char === '"') return value
      if (char === '\\') {
        const escaped = this.#next()
        if (escaped !== '"' && escaped !== '\\') throw MALFORMED
        value += escaped
      } else if (char < ' ' || char > '~') {
        throw MALFORMED
      } else {
        value += char
      }
    }
  }

  #boolean(): Member {
    this.#expect('?')
    const char = this.#next()
    if (char !== '0' && char !== '1') throw MALFORMED
    return { type: 'boolean', value: char === '1' }
  }

  #bytes(): Member {
    this.#expect(':')
    this.#while(/[A-Za-z0-9+/=]/)
    this.#expect(':')
    return { type: 'bytes', value: undefined }
  }

  #date(): Member {
    this.#expect('@')
    const seconds = this.#number()
    if (seconds.type !== 'integer') throw MALFORMED
    return { type: 'date', value: seconds.value }
  }

  #display(): Member {
    this.#expect('%')
    this.#expect('"')
    for (;;) {
      const char = this.#next()
      if (char === '"') return { type: 'display', value: undefined }
      if (char < ' ' || char > '~') throw MALFORMED
      if (char === '%' && !/^[0-9a-f]{2}$/.test(this.#next() + this.#next())) throw MALFORMED
    }
  }

  #key(): string {
    if (!KEY_START.test(this.#peek())) throw MALFORMED
    return this.#while(KEY_REST)
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #next(): string {
    if (this.#at >= this.#text.length) throw MALFORMED
    return this.#text.charAt(this.#at++)
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw MALFORMED
  }

  #skip(chars: string): void {
    while (this.#at < this.#text.length && chars.includes(this.#peek())) this.#at++
  }

  #while(allowed: RegExp): string {
    const from = this.#at
    while (this.#at < this.#text.length && allowed.test(this.#peek())) this.#at++
    return this.#text.slice(from, this.#at)
  }
}
