import { constants } from 'node:http2'
import { errors } from 'undici'

/** Codes by which one side says that the other has broken the protocol. */
const broken: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
  // Said of too many or too long fields, too.
  constants.NGHTTP2_ENHANCE_YOUR_CALM,
  constants.NGHTTP2_INADEQUATE_SECURITY,
  constants.NGHTTP2_HTTP_1_1_REQUIRED,
])

/** By code (RFC 9113, section 7). */
const names = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
]

/**
 * The error of a stream that ended before its response did. undici's code for a broken connection, which may be worth
 * another try; with "bad " in front, which tells a fault in the protocol, it is not.
 */
export function streamFault(code: number, cause: Error | undefined): Error {
  const name = names[code] ?? String(code)
  const message = broken.has(code)
    ? `bad stream: it was reset with ${name}`
    : `the stream was reset with ${name} before its response was complete`
  return caused(new errors.SocketError(message), cause)
}

/** The server has not looked at the request (RFC 9113, section 8.7), and nobody else could be asked. */
export function refusedFault(): Error {
  return new errors.SocketError('the server refused the stream')
}

/** The connection is gone, and the response with it. */
export function lostFault(cause: Error | undefined): Error {
  return caused(new errors.SocketError('the session ended before the response was complete'), cause)
}

function caused(error: Error, cause: Error | undefined): Error {
  if (cause !== undefined) error.cause = cause
  return error
}

/** Node's refusal of a field is undici's. */
export function asArgumentError(error: Error & { code?: string }): Error {
  const isArgument = /^ERR_(?:HTTP2_|INVALID_)/.test(error.code ?? '')
  return isArgument ? new errors.InvalidArgumentError(error.message) : error
}
