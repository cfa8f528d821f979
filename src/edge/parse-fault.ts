import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type ErrorCode, HeadgateError } from '../errors.ts'

/** What Node says of a connection that did not send a request as it should. */
export interface ParseError extends NodeJS.ErrnoException {
  rawPacket?: Buffer
  /** What the parser expected, in its own words. */
  reason?: string
}

/** What of Node's server a fault has to look at; it tells nobody otherwise whose bytes they were. */
interface ParsedSocket extends Socket {
  parser?: { incoming?: IncomingMessage | null } | null
  _httpMessage?: ServerResponse | null
}

/**
 * The error that a client is told of; undefined where there is nobody left to tell.
 *
 * @param maxUrlLength bytes that a request target may have
 */
export function parseFault(error: ParseError, maxUrlLength: number): HeadgateError | undefined {
  const code = codeOf(error, maxUrlLength)
  return code === undefined ? undefined : new HeadgateError(code, { cause: error })
}

function codeOf({ code, rawPacket, reason }: ParseError, maxUrlLength: number): ErrorCode | undefined {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'HEADGATE_CLIENT_TIMEOUT'
    case 'HPE_HEADER_OVERFLOW':
      return isLongLine(rawPacket, maxUrlLength) ? 'HEADGATE_URI_TOO_LONG' : 'HEADGATE_HEADERS_TOO_LARGE'
    case 'HPE_INVALID_METHOD':
      return isRequestLine(rawPacket) ? 'HEADGATE_METHOD_REFUSED' : 'HEADGATE_BAD_REQUEST'
    case 'HPE_INVALID_VERSION':
      // The parser says so, too, of a line that has a version and does not end with it.
      return reason === 'Invalid HTTP version' ? 'HEADGATE_VERSION_REFUSED' : 'HEADGATE_BAD_REQUEST'
    default:
      return code?.startsWith('HPE_') ? 'HEADGATE_BAD_REQUEST' : undefined
  }
}

/** True where what arrived begins like a request; a method that Node's parser does not know is not garbage yet. */
function isRequestLine(packet: Buffer | undefined): packet is Buffer {
  return packet !== undefined && /^[A-Z][A-Z-]* (?:\/|https?:)/.test(packet.toString('latin1', 0, 80))
}

function isLongLine(packet: Buffer | undefined, maxUrlLength: number): boolean {
  if (!isRequestLine(packet)) return false
  const end = packet.indexOf('\n')
  return (end === -1 ? packet.length : end) > maxUrlLength
}

/** The request in whose body the fault lies; undefined where it lies in a head. */
export function brokenRequest(socket: Socket): IncomingMessage | undefined {
  const incoming = (socket as ParsedSocket).parser?.incoming
  return incoming != null && !incoming.complete ? incoming : undefined
}

/** The response that is due on a connection; undefined where none is. */
export function dueResponse(socket: Socket): ServerResponse | undefined {
  return (socket as ParsedSocket)._httpMessage ?? undefined
}
