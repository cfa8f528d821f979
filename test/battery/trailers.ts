import { get, post, type RequestCase, type Seen } from './case.ts'

const chunked = 'Transfer-Encoding: chunked'

const trailed = (name: string, trailers: string[], crossing: Seen['trailers'] = []): RequestCase => ({
  name: `trailers: ${name}`,
  bytes: `${post([chunked, 'Connection: X-Named'], '3\r\nabc\r\n0\r\n')}${trailers.join('\r\n')}\r\n\r\n${get('/next')}`,
  passed: [
    { body: 'abc', trailers: crossing },
    { target: '/next', trailers: [] },
  ],
})

/** RFC 9110, section 6.5.1: what frames, routes, authenticates or controls must not come at the end. */
export const trailers: RequestCase[] = [
  trailed(
    'several, in their order',
    ['X-A: 1', 'x-b: caf\xe9', 'X-A: 2', 'Server-Timing: a'],
    [
      ['x-a', '1'],
      ['x-b', 'caf\xe9'],
      ['x-a', '2'],
      ['server-timing', 'a'],
    ],
  ),
  trailed(
    'a checksum',
    ['Digest: sha-256=abc', 'Content-MD5: x'],
    [
      ['digest', 'sha-256=abc'],
      ['content-md5', 'x'],
    ],
  ),
  {
    name: 'trailers: behind a body without a byte',
    bytes: post([chunked], '0\r\nX-T: 1\r\n\r\n') + get('/next'),
    passed: [
      { body: '', trailers: [['x-t', '1']], fields: { 'transfer-encoding': 'chunked' } },
      { target: '/next' },
    ],
  },
  ...[
    'Host: evil.example',
    'Authorization: Basic eA==',
    'Cookie: a=b',
    'Set-Cookie: a=b',
    'Content-Type: text/html',
    'Content-Encoding: gzip',
    'Content-Range: bytes 0-1/2',
    'Cache-Control: no-store',
    'Connection: X-A',
    'Keep-Alive: timeout=1',
    'Proxy-Authorization: Basic eA==',
    'TE: trailers',
    'Trailer: X-B',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Max-Forwards: 1',
    'Range: bytes=0-1',
    'If-Match: "a"',
    'Via: 1.1 evil',
    'Forwarded: for=10.0.0.1',
    'X-Forwarded-For: 10.0.0.1',
    'X_Forwarded_For: 10.0.0.1',
    'X-Real-IP: 10.0.0.1',
    'X-Request-Id: evil',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'Content_Length: 3',
    'Transfer_Encoding: chunked',
    'X-Named: 1',
  ].map((field) => trailed(field, [field, 'X-T: 1'], [['x-t', '1']])),
]
