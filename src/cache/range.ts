/** The bytes from `first` to `last`, both included. */
export interface ByteRange {
  first: number
  last: number
}

/** The bytes that a partial response holds, of a representation of `size` bytes. */
export interface ContentRange extends ByteRange {
  size: number
}

/**
 * A Range field with one range of bytes, against a representation of `size` bytes (RFC 9110, section 14.2).
 * Undefined when there is nothing to honour: another unit, several ranges, a malformed one.
 */
export function resolveRange(value: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(value.trim())
  if (match === null) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  if (from === '') {
    const suffix = Number(to)
    if (suffix === 0 || size === 0) return 'unsatisfiable'
    return { first: Math.max(0, size - suffix), last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= size ? 'unsatisfiable' : { first, last }
}

/** A Content-Range of a complete length, or undefined (RFC 9110, section 14.4). */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(value.trim())
  if (match === null) return undefined
  const [first, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return first <= last && last < size ? { first, last, size } : undefined
}

/** The two joined, where they touch or overlap and belong to one representation; undefined otherwise. */
export function joinRanges(a: ContentRange, b: ContentRange): ContentRange | undefined {
  if (a.size !== b.size || a.first > b.last + 1 || b.first > a.last + 1) return undefined
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), size: a.size }
}
