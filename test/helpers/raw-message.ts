import { parse } from './raw-client.ts'

/**
 * The body of the first final response in a text, by the framing that it names itself; undefined while it is not
 * complete, or where it was broken off.
 *
 * @param isClosed whether the connection has ended in peace
 */
export function decodeBody(text: string, isHead: boolean, isClosed = false): string | undefined {
  if (!/HTTP\/1\.1 [2-5]\d\d[\s\S]*?\r\n\r\n/.test(text)) return undefined
  const { fields, body, head } = parse(text)
  if (isHead || /^HTTP\/1\.1 (?:204|304)/.test(head)) return body
  if (fields.get('transfer-encoding') !== undefined) return dechunk(body)
  const length = fields.get('content-length')?.[0]
  if (length === undefined) return isClosed ? body : undefined
  return body.length >= Number(length) ? body.slice(0, Number(length)) : undefined
}

function dechunk(input: string): string | undefined {
  let text = ''
  for (let at = 0; ; ) {
    const end = input.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = Number.parseInt(input.slice(at, end), 16)
    at = end + 2
    if (size === 0) return input.indexOf('\r\n', at) === -1 ? undefined : text
    if (input.length < at + size + 2) return undefined
    text += input.slice(at, at + size)
    at += size + 2
  }
}
