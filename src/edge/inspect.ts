import type { IncomingMessage } from 'node:http'
import { type ErrorCode, HeadgateError } from '../errors.ts'
import { isAuthority } from './authority.ts'
import { makeRoutable } from './routable.ts'
import { parseTarget } from './target.ts'

/** A media type as RFC 9110, section 8.3.1 has it. */
const mediaType = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unsafeValue = /[\x00-\x08\x0a-\x1f\x7f]/

/** What an edge allows a request to be. */
export interface InspectLimits {
  /** Longest request target, bytes. */
  maxUrlLength: number
}

/**
 * Looks at a request before anything routes it, and makes it unambiguous: afterwards `request.url` is a checked path
 * and query, and `request.headers.host` is the one authority. Node's parser has already refused what is not HTTP.
 *
 * @returns the reason to refuse the request, or undefined
 */
export function inspect(request: IncomingMessage, limits: InspectLimits): HeadgateError | undefined {
  const { httpVersion, headers } = request
  // Node's parser takes `HTTP/2.0` as text for a version like any other.
  if (httpVersion !== '1.1' && httpVersion !== '1.0' && !('stream' in request)) {
    return refuse('HEADGATE_VERSION_REFUSED', 'HTTP/1.0 and HTTP/1.1 are served')
  }
  const url = request.url as string
  if (url.length > limits.maxUrlLength) return refuse('HEADGATE_URI_TOO_LONG')

  const parsed = parseTarget(url, request.method as string)
  if (typeof parsed === 'string') return refuse('HEADGATE_BAD_REQUEST', parsed)
  const fault = inspectFields(request)
  if (fault !== undefined) return refuse('HEADGATE_BAD_REQUEST', fault)

  if (parsed.target !== url || url.includes('%')) makeRoutable(request, parsed.target)
  if (parsed.authority !== undefined) headers.host = parsed.authority
  // Fastify answers 415 to a body whose type it cannot parse; the server gets the raw field and judges for itself.
  const contentType = headers['content-type']
  if (contentType !== undefined && !mediaType.test(contentType)) headers['content-type'] = undefined
  return undefined
}

/** Field lines that Node's parser lets through although two readers could disagree on them. */
function inspectFields(request: IncomingMessage): string | undefined {
  const raw = request.rawHeaders
  let hosts = 0
  let transferEncoding: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (unsafeValue.test(value)) return 'a field value contains a control character'
    if (name.length === 4 && name.toLowerCase() === 'host') {
      hosts++
      if (!isAuthority(value)) return 'Host is not a valid authority'
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (transferEncoding !== undefined) return 'Transfer-Encoding stands more than once'
      transferEncoding = value
    }
  }
  if (hosts > 1) return 'Host stands more than once'
  if (hosts === 0 && request.httpVersionMinor === 1 && request.httpVersionMajor === 1)
    return 'Host is missing'
  if (transferEncoding === undefined) return undefined
  if (transferEncoding.trim().toLowerCase() !== 'chunked') return 'the only transfer coding served is chunked'
  if (request.httpVersionMinor === 0 && request.httpVersionMajor === 1)
    return 'HTTP/1.0 has no transfer codings'
  if (request.headers['content-length'] !== undefined) return 'Content-Length stands beside Transfer-Encoding'
  return undefined
}

function refuse(code: ErrorCode, detail?: string): HeadgateError {
  return new HeadgateError(code, detail === undefined ? {} : { message: `The request is refused: ${detail}` })
}
