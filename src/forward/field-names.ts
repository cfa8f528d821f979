/** Fields of one connection alone (RFC 9110, section 7.6.1), and what the gateway has answered already. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
])

const own: ReadonlySet<string> = new Set([
  'host',
  'via',
  'x-request-id',
  'traceparent',
  'tracestate',
  'max-forwards',
])

/** Fields of a request that the gateway writes itself, or changes. */
export function isGatewaysOwn(name: string): boolean {
  return own.has(name)
}

/** Fields by which a proxy vouches for its client. Some servers read `_` as `-`. */
export function isForwarding(name: string): boolean {
  const first = name.charCodeAt(0)
  if (first === 0x66) return name === 'forwarded'
  return first === 0x78 && /^x[-_](?:forwarded(?:[-_].*)?|real[-_]ip|client[-_]ip)$/.test(name)
}

const unfit: ReadonlySet<string> = new Set([
  ...[
    'host',
    'content-length',
    'content-encoding',
    'content-type',
    'content-range',
    'max-forwards',
    'pragma',
  ],
  ...['authorization', 'www-authenticate', 'cookie', 'set-cookie', 'cache-control', 'age', 'expires', 'date'],
  ...['vary', 'location', 'retry-after', 'range', 'if-match', 'if-none-match', 'if-range', 'warning'],
  ...['if-modified-since', 'if-unmodified-since', 'via', 'x-request-id', 'traceparent', 'tracestate'],
])

/** Fields that frame, route, authenticate or control, and must not come when all that is over. */
export function isUnfitForTrailer(name: string): boolean {
  // Whoever merges them into the head may read `_` as `-`.
  const plain = name.replaceAll('_', '-')
  return hopByHop.has(plain) || unfit.has(plain) || isForwarding(plain)
}
