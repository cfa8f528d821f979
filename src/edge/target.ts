import { isAuthority } from './authority.ts'

/** A request target that has been checked: what routing sees is what the server gets, byte for byte. */
export interface Target {
  /** Path and query in origin-form; `*` for a server-wide OPTIONS. */
  target: string
  /** The authority of an absolute-form target (RFC 9112, section 3.2.2), which replaces Host. */
  authority?: string
}

/** Why a request target was refused: one constant sentence, fit for a log line. */
export type TargetFault = string

/** Nothing that needs a second look: no escape, no dot segment, no byte outside RFC 3986's path and query. */
const plain = /^\/(?![^?]*\/?\.\.?(?:[/?]|$))[\w~!$&'()*+,;=:@/.-]*(?:\?[\w~!$&'()*+,;=:@/?%.[\]-]*)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbidden = /[\x00-\x20\x7f]/
const malformedEscape = /%(?![0-9a-fA-F]{2})/
const absoluteForm = /^https?:\/\/([^/?#]*)([^#]*)$/i

/**
 * Checks a request target and resolves its dot segments, once.
 *
 * Refused: control characters and spaces, fragments, and in the path a backslash, an encoded NUL, an incomplete
 * percent escape, and an escape that hides a dot segment (`%2e%2e`, `..%2f`, `..%5c`): servers differ on what
 * these mean, so that a rule for one path could be passed by another. Dot segments in clear are resolved as
 * RFC 3986, section 5.2.4 says, except that one that would climb above the root is refused.
 */
export function parseTarget(raw: string, method: string): Target | TargetFault {
  if (plain.test(raw)) return { target: raw }
  if (raw === '*') return method === 'OPTIONS' ? { target: '*' } : 'the target * is for OPTIONS alone'
  if (raw.startsWith('/')) return parseOriginForm(raw)

  const absolute = absoluteForm.exec(raw)
  if (absolute === null) return 'the target is neither a path nor an absolute URL'
  const authority = absolute[1] as string
  if (!isAuthority(authority)) return 'the authority in the target is invalid'
  const rest = absolute[2] as string
  const parsed = parseOriginForm(rest.startsWith('/') ? rest : `/${rest}`)
  return typeof parsed === 'string' ? parsed : { ...parsed, authority }
}

function parseOriginForm(raw: string): Target | TargetFault {
  if (forbidden.test(raw)) return 'the target contains a space or a control character'
  if (raw.includes('#')) return 'the target contains a fragment'
  const queryAt = raw.indexOf('?')
  const path = queryAt === -1 ? raw : raw.slice(0, queryAt)
  const query = queryAt === -1 ? '' : raw.slice(queryAt)
  if (path.includes('\\')) return 'the path contains a backslash'
  if (malformedEscape.test(path)) return 'the path contains an incomplete percent escape'
  if (path.includes('%00')) return 'the path contains an encoded NUL'
  if (path.split('/').some(hidesDotSegment)) return 'the path hides a dot segment behind an escape'
  if (!path.includes('/.')) return { target: raw }
  const resolved = resolveDotSegments(path)
  return resolved === undefined ? 'the path climbs above the root' : { target: resolved + query }
}

/** True for a segment that a server which decodes separators and dots would read as a dot segment. */
function hidesDotSegment(segment: string): boolean {
  if (!segment.includes('%')) return false
  const decoded = segment.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
  return decoded.split(/[/\\]/).some((part) => part === '.' || part === '..')
}

function resolveDotSegments(path: string): string | undefined {
  const output: string[] = []
  const segments = path.split('/').slice(1)
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    if (segment === '..' && output.pop() === undefined) return undefined
    if (segment !== '.' && segment !== '..') output.push(segment)
    else if (isLast) output.push('')
  }
  return `/${output.join('/')}`
}
