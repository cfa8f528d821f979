import { type ErrorCode, HeadgateError } from '../errors.ts'

/**
 * How an attempt ended, for the server's record and the label `outcome`: `server_error` is an answer of 5xx, `bad_response` one
 * that is not HTTP; `aborted` and `unused` say nothing about the server.
 */
export type Outcome =
  | 'success'
  | 'server_error'
  | 'connect_failed'
  | 'timeout'
  | 'connection_lost'
  | 'bad_response'
  | 'aborted'
  | 'unused'

/** What a failed attempt means: for the client, for the server's record, and for another try. */
export interface Failure {
  code: ErrorCode
  outcome: Outcome
  /** Whether another server may do better: not after an answer that took all the time there was. */
  retryable: boolean
}

/** From the code of a cause to its meaning. One table; what is not in it is a lost connection. */
const failures: Record<string, Failure> = {
  ECONNREFUSED: { code: 'HEADGATE_CONNECT_REFUSED', outcome: 'connect_failed', retryable: true },
  EHOSTUNREACH: { code: 'HEADGATE_CONNECT_FAILED', outcome: 'connect_failed', retryable: true },
  ENETUNREACH: { code: 'HEADGATE_CONNECT_FAILED', outcome: 'connect_failed', retryable: true },
  EADDRNOTAVAIL: { code: 'HEADGATE_CONNECT_FAILED', outcome: 'connect_failed', retryable: true },
  ENOTFOUND: { code: 'HEADGATE_DNS_FAILED', outcome: 'connect_failed', retryable: true },
  EAI_AGAIN: { code: 'HEADGATE_DNS_FAILED', outcome: 'connect_failed', retryable: true },
  ETIMEDOUT: { code: 'HEADGATE_CONNECT_TIMEOUT', outcome: 'connect_failed', retryable: true },
  UND_ERR_CONNECT_TIMEOUT: { code: 'HEADGATE_CONNECT_TIMEOUT', outcome: 'connect_failed', retryable: true },
  UND_ERR_HEADERS_TIMEOUT: { code: 'HEADGATE_HEADERS_TIMEOUT', outcome: 'timeout', retryable: true },
  HEADGATE_HEADERS_TIMEOUT: { code: 'HEADGATE_HEADERS_TIMEOUT', outcome: 'timeout', retryable: true },
  UND_ERR_BODY_TIMEOUT: { code: 'HEADGATE_BODY_TIMEOUT', outcome: 'timeout', retryable: false },
  HEADGATE_BODY_TIMEOUT: { code: 'HEADGATE_BODY_TIMEOUT', outcome: 'timeout', retryable: false },
  HEADGATE_REQUEST_TIMEOUT: { code: 'HEADGATE_REQUEST_TIMEOUT', outcome: 'timeout', retryable: false },
  HEADGATE_CLIENT_GONE: { code: 'HEADGATE_CLIENT_GONE', outcome: 'aborted', retryable: false },
  HEADGATE_CLIENT_TIMEOUT: { code: 'HEADGATE_CLIENT_TIMEOUT', outcome: 'aborted', retryable: false },
  HEADGATE_BODY_TOO_LARGE: { code: 'HEADGATE_BODY_TOO_LARGE', outcome: 'aborted', retryable: false },
  HEADGATE_BAD_RESPONSE: { code: 'HEADGATE_BAD_RESPONSE', outcome: 'bad_response', retryable: false },
  UND_ERR_HEADERS_OVERFLOW: { code: 'HEADGATE_BAD_RESPONSE', outcome: 'bad_response', retryable: false },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: 'HEADGATE_BAD_RESPONSE',
    outcome: 'bad_response',
    retryable: false,
  },
  HEADGATE_QUEUE_FULL: { code: 'HEADGATE_QUEUE_FULL', outcome: 'unused', retryable: true },
  HEADGATE_BAD_REQUEST: { code: 'HEADGATE_BAD_REQUEST', outcome: 'aborted', retryable: false },
  UND_ERR_NOT_SUPPORTED: { code: 'HEADGATE_BAD_REQUEST', outcome: 'aborted', retryable: false },
  UND_ERR_INVALID_ARG: { code: 'HEADGATE_BAD_REQUEST', outcome: 'aborted', retryable: false },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: {
    code: 'HEADGATE_BAD_REQUEST',
    outcome: 'aborted',
    retryable: false,
  },
}

const lost: Failure = { code: 'HEADGATE_CONNECTION_LOST', outcome: 'connection_lost', retryable: true }
const tls: Failure = { code: 'HEADGATE_TLS_FAILED', outcome: 'connect_failed', retryable: true }
const certificate: Failure = { code: 'HEADGATE_TLS_CERTIFICATE', outcome: 'connect_failed', retryable: true }
const malformed: Failure = { code: 'HEADGATE_BAD_RESPONSE', outcome: 'bad_response', retryable: false }

const certificateCode = /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/

/** What the failure of an attempt means. */
export function classify(error: unknown): Failure {
  // undici's parser leaves some of its errors without a code.
  if ((error as Error | undefined)?.name === 'HTTPParserError') return malformed
  const code = codeOf(error)
  if (code === undefined) return lost
  const known = failures[code]
  if (known !== undefined) return known
  // undici says it of an answer that nobody has asked for: bytes behind another one, a 101.
  if (code === 'UND_ERR_SOCKET' && (error as Error).message.startsWith('bad ')) return malformed
  // llhttp names its errors HPE_*; they come from bytes that are not HTTP.
  if (code.startsWith('HPE_')) return malformed
  if (certificateCode.test(code)) return certificate
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO') return tls
  return lost
}

/** The code of an error; of an error over several addresses, that of the first. */
function codeOf(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  return Array.isArray(errors) ? codeOf(errors[0]) : undefined
}

/** The error that the client is told of; it keeps its cause for the log, and shows nothing of it. */
export function failureError(cause: unknown): HeadgateError {
  if (cause instanceof HeadgateError) return cause
  return new HeadgateError(classify(cause).code, { cause })
}
