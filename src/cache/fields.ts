import type { FlatHeaders } from '../forward/sink.ts'

/** A token of RFC 9110, section 5.6.2. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Whether a text may stand in a head: no control character but the tab, and nothing beyond latin1 (RFC 9110, section 5.5). */
export function isSendable(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(text)
}

/** Every line of a field, in order. `name` is in lower case. */
export function fieldLines(headers: FlatHeaders, name: string): string[] {
  const lines: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const candidate = headers[index]!
    if (candidate.length === name.length && candidate.toLowerCase() === name) lines.push(headers[index + 1]!)
  }
  return lines
}

/** The combined value of a field (RFC 9110, section 5.3), or undefined where it is absent. */
export function fieldValue(headers: FlatHeaders, name: string): string | undefined {
  const lines = fieldLines(headers, name)
  return lines.length === 0 ? undefined : lines.join(', ')
}

/** The value of a field that stands alone on one line; undefined where it is absent, or present more than once. */
export function singleValue(headers: FlatHeaders, name: string): string | undefined {
  const lines = fieldLines(headers, name)
  return lines.length === 1 ? lines[0]!.trim() : undefined
}

/** The fields whose lower-case name is not in `names`. */
export function withoutFields(headers: FlatHeaders, names: ReadonlySet<string>): FlatHeaders {
  const kept: FlatHeaders = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (!names.has(headers[index]!.toLowerCase())) kept.push(headers[index]!, headers[index + 1]!)
  }
  return kept
}

/** The members of a list of tokens, in lower case, without empty ones (RFC 9110, section 5.6.1). */
export function tokenList(value: string): string[] {
  const members: string[] = []
  for (const part of value.split(',')) {
    const member = part.trim().toLowerCase()
    if (member !== '') members.push(member)
  }
  return members
}

/** The Content-Length, where it is one valid number. */
export function declaredLength(headers: FlatHeaders): number | undefined {
  const length = singleValue(headers, 'content-length')
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
