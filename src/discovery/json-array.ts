const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Whether a text of JSON, if it is one, stands for an array. */
export function isArrayText(text: Buffer): boolean {
  return text[skipSpace(text, 0)] === openBracket
}

/**
 * The items of a JSON array, so many at a time: what makes a long list cost a little time often. It takes what `JSON.parse`
 * takes, and throws a SyntaxError for the rest, though only when it comes to the fault.
 *
 * The commas between items are found by counting brackets outside of strings. What stands between two of them is for
 * `JSON.parse` to judge: it refuses brackets that do not match.
 *
 * @param text of which `isArrayText` is true
 */
export function* arrayItems(text: Buffer, most: number): Generator<unknown[]> {
  let start = skipSpace(text, 0) + 1
  let isFirst = true
  for (;;) {
    const end = endOfItems(text, start, most)
    const items = JSON.parse(`[${text.toString('utf8', start, end)}]`) as unknown[]
    const isLast = text[end] === closeBracket
    if (items.length === 0 && !(isFirst && isLast)) throw new SyntaxError('an item is missing')
    if (items.length > 0) yield items
    start = end + 1
    isFirst = false
    if (isLast) break
  }
  if (skipSpace(text, start) < text.length) throw new SyntaxError('something follows the array')
}

/** Where so many items end: at a comma, or at the bracket that closes the array. */
function endOfItems(text: Buffer, start: number, most: number): number {
  let depth = 0
  let items = 0
  for (let at = start; at < text.length; at++) {
    const byte = text[at]
    if (byte === quote) at = endOfString(text, at)
    else if (byte === openBracket || byte === openBrace) depth++
    else if (byte === comma && depth === 0 && ++items === most) return at
    else if (byte === closeBracket || byte === closeBrace) {
      if (depth === 0 && byte === closeBracket) return at
      if (--depth < 0) break
    }
  }
  throw new SyntaxError('the array does not end')
}

/** Where the quotation mark is that ends a string; beyond the text where there is none. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === backslash) at++
    else if (text[at] === quote) return at
  }
  return text.length
}

/** The first place from `at` on that is no white space of JSON. */
function skipSpace(text: Buffer, at: number): number {
  let place = at
  while (isSpace(text[place])) place++
  return place
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
