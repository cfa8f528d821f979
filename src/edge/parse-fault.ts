import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type ErrorCode, HeadgateError } from '../errors.ts'

/** What Node says of a connection that did not send a request as it should. */
export interface ParseError extends NodeJS.ErrnoException {
  rawPacket?: Buffer
}

/** What of Node's server a fault has to look at; it tells nobody otherwise whose bytes they were. */
interface ParsedSocket extends Socket {
  parser?: { incoming?: IncomingMessage | null } | null
  _httpMessage?: ServerResponse | null
}

/** The error that a client is told of; undefined where there is nobody left to tell. */
export function parseFault(error: ParseError): HeadgateError | undefined {
  const code = codeOf(error)
  return code === undefined ? undefined : new HeadgateError(code, { cause: error })
}

function codeOf({ code, rawPacket }: ParseError): ErrorCode | undefined {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'HEADGATE_CLIENT_TIMEOUT'
    case 'HPE_HEADER_OVERFLOW':
      return isRequestLineOnly(rawPacket) ? 'HEADGATE_URI_TOO_LONG' : 'HEADGATE_HEADERS_TOO_LARGE'
    case 'HPE_INVALID_VERSION':
      return 'HEADGATE_VERSION_REFUSED'
    default:
      return code?.startsWith('HPE_') ? 'HEADGATE_BAD_REQUEST' : undefined
  }
}

/** True where what arrived in one piece is a request line that does not end. */
function isRequestLineOnly(packet: Buffer | undefined): boolean {
  if (packet === undefined || packet.includes('\n')) return false
  return /^[A-Z-]+ (?:\/|https?:)/i.test(packet.toString('latin1', 0, 40))
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
