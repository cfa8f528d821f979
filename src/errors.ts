/**
 * Every error code of headgate, in one table. A code is never reused for another meaning.
 *
 * `status` is the HTTP status that a client gets; 0 means that the code never reaches a client.
 * `message` is what a client may read: it names no address. `proxyStatus` is the error type of
 * RFC 9209, section 2.3, where there is one.
 */
export const errorCodes = {
  HEADGATE_USAGE: { status: 0, message: 'The command line is not understood' },
  HEADGATE_CONFIG_INVALID: { status: 0, message: 'The configuration has faults' },
  HEADGATE_CONFIG_NOT_FOUND: { status: 0, message: 'There is no configuration' },
  HEADGATE_PLUGIN_FAILED: { status: 0, message: 'A plugin could not be loaded' },
  HEADGATE_ADMIN_UNREACHABLE: { status: 0, message: 'The admin port of the gateway does not answer' },
  HEADGATE_CANNOT_LISTEN: { status: 0, message: 'The address cannot be listened on' },

  HEADGATE_BAD_REQUEST: {
    status: 400,
    message: 'The request is malformed',
    proxyStatus: 'http_request_error',
  },
  HEADGATE_NO_ROUTE: {
    status: 404,
    message: 'No route matches the request',
    proxyStatus: 'destination_not_found',
  },
  HEADGATE_CLIENT_TIMEOUT: {
    status: 408,
    message: 'The request did not arrive in time',
    proxyStatus: 'http_request_error',
  },
  HEADGATE_BODY_TOO_LARGE: {
    status: 413,
    message: 'The request body is larger than allowed',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_URI_TOO_LONG: {
    status: 414,
    message: 'The request target is longer than allowed',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_EXPECTATION_FAILED: {
    status: 417,
    message: 'The expectation of the request cannot be met',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_HEADERS_TOO_LARGE: {
    status: 431,
    message: 'The request header fields are larger than allowed',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_METHOD_REFUSED: {
    status: 501,
    message: 'The gateway does not forward this method',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_VERSION_REFUSED: {
    status: 505,
    message: 'The HTTP version is not supported',
    proxyStatus: 'http_request_error',
  },

  HEADGATE_NO_SERVER: {
    status: 503,
    message: 'No server is available',
    proxyStatus: 'destination_unavailable',
  },
  HEADGATE_QUEUE_FULL: {
    status: 503,
    message: 'The service is at capacity',
    proxyStatus: 'connection_limit_reached',
  },
  HEADGATE_QUEUE_TIMEOUT: {
    status: 503,
    message: 'The service is at capacity',
    proxyStatus: 'connection_limit_reached',
  },
  HEADGATE_OVERLOADED: {
    status: 503,
    message: 'The gateway is at capacity',
    proxyStatus: 'connection_limit_reached',
  },

  HEADGATE_CONNECT_REFUSED: {
    status: 502,
    message: 'The server refused the connection',
    proxyStatus: 'connection_refused',
  },
  HEADGATE_CONNECT_FAILED: {
    status: 502,
    message: 'The server could not be reached',
    proxyStatus: 'destination_unavailable',
  },
  HEADGATE_DNS_FAILED: {
    status: 502,
    message: 'The name of the server could not be resolved',
    proxyStatus: 'dns_error',
  },
  HEADGATE_TLS_FAILED: {
    status: 502,
    message: 'No secure connection to the server could be made',
    proxyStatus: 'tls_protocol_error',
  },
  HEADGATE_TLS_CERTIFICATE: {
    status: 502,
    message: 'The certificate of the server is not trusted',
    proxyStatus: 'tls_certificate_error',
  },
  HEADGATE_CONNECTION_LOST: {
    status: 502,
    message: 'The server closed the connection before it had answered',
    proxyStatus: 'connection_terminated',
  },
  HEADGATE_BAD_RESPONSE: {
    status: 502,
    message: 'The server sent an invalid response',
    proxyStatus: 'http_protocol_error',
  },
  HEADGATE_CONNECT_TIMEOUT: {
    status: 504,
    message: 'The server did not accept a connection in time',
    proxyStatus: 'connection_timeout',
  },
  HEADGATE_HEADERS_TIMEOUT: {
    status: 504,
    message: 'The server did not answer in time',
    proxyStatus: 'http_response_timeout',
  },
  HEADGATE_BODY_TIMEOUT: {
    status: 504,
    message: 'The server stopped sending its answer',
    proxyStatus: 'http_response_timeout',
  },
  HEADGATE_REQUEST_TIMEOUT: {
    status: 504,
    message: 'The request took too long',
    proxyStatus: 'http_response_timeout',
  },
  HEADGATE_NOT_CACHED: {
    status: 504,
    message: 'The response is not in the cache, and the request wanted it from there alone',
    proxyStatus: 'http_request_denied',
  },
  HEADGATE_CLIENT_GONE: { status: 499, message: 'The client left before it had an answer' },
  HEADGATE_INTERNAL: {
    status: 500,
    message: 'The gateway failed to serve the request',
    proxyStatus: 'proxy_internal_error',
  },
} as const satisfies Record<string, { status: number; message: string; proxyStatus?: string }>

export type ErrorCode = keyof typeof errorCodes

/** An error made by headgate. Match on `code`; `cause` keeps what lay behind it and is never shown to a client. */
export class HeadgateError extends Error {
  override readonly name = 'HeadgateError'
  readonly code: ErrorCode
  /** The HTTP status that a client gets, 0 where the code never reaches one. */
  readonly statusCode: number
  /** Seconds after which a client may try again; sets `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(
    code: ErrorCode,
    options: { message?: string; cause?: unknown; retryAfter?: number | undefined } = {},
  ) {
    super(options.message ?? errorCodes[code].message, { cause: options.cause })
    this.code = code
    this.statusCode = errorCodes[code].status
    this.retryAfter = options.retryAfter
  }
}
