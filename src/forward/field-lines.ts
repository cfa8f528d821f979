import type { FlatHeaders, ResponseHead } from './sink.ts'

/** Bytes of a response's body, where its head says so; else -1. */
export function bodyLength(method: string, head: ResponseHead): number {
  if (method === 'HEAD' || head.statusCode === 204 || head.statusCode === 304) return -1
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return Number(head.headers[index + 1])
  }
  return -1
}

/** Field lines by name, in lower case; several of one name as a list, as Node takes them for HTTP/2. */
export function fieldsByName(flat: FlatHeaders): Record<string, string | string[]> {
  // A field may have the name of something that every object has, `constructor` say.
  const fields: Record<string, string | string[]> = Object.create(null)
  for (let index = 0; index < flat.length; index += 2) {
    const name = (flat[index] as string).toLowerCase()
    const before = fields[name]
    fields[name] =
      before === undefined ? (flat[index + 1] as string) : [before, flat[index + 1] as string].flat()
  }
  return fields
}

/** Field lines as pairs, as Node takes trailers for HTTP/1.1. */
export function fieldPairs(flat: FlatHeaders): [string, string][] {
  const lines: [string, string][] = []
  for (let index = 0; index < flat.length; index += 2) {
    lines.push([flat[index] as string, flat[index + 1] as string])
  }
  return lines
}
