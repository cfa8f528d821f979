import { get, type RequestCase, request } from './case.ts'

const host = (name: string, value: string, outcome: Partial<RequestCase>): RequestCase => ({
  name: `Host: ${name}`,
  bytes: `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
  ...outcome,
})
const takes = (name: string, value: string) => host(name, value, { passed: [{ fields: { host: value } }] })
const refuses = (name: string, value: string) => host(name, value, { refused: 400 })

/** RFC 9112, section 3.2, and RFC 3986, section 3.2. */
export const hosts: RequestCase[] = [
  takes('a name', 'a.example'),
  takes('a port', 'a.example:8080'),
  takes('an empty port', 'a.example:'),
  takes('an address', '192.0.2.1'),
  takes('an address of IPv6', '[2001:db8::1]:80'),
  takes('an underscore', 'a_b.example'),
  takes('a trailing dot', 'a.example.'),
  { name: 'Host: missing', bytes: 'GET / HTTP/1.1\r\n\r\n', refused: 400 },
  { name: 'Host: twice', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', refused: 400 },
  { name: 'Host: twice the same', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n', refused: 400 },
  { name: 'Host: twice in HTTP/1.0', bytes: 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', refused: 400 },
  {
    name: 'Host: twice with an absolute target',
    bytes: 'GET http://c/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    refused: 400,
  },
  refuses('empty', ''),
  refuses('an empty label', 'a..example'),
  refuses('a list', 'a, b'),
  refuses('two words', 'a b'),
  refuses('user information', 'u@a.example'),
  refuses('a path', 'a.example/x'),
  refuses('a query', 'a.example?x'),
  refuses('a fragment', 'a.example#x'),
  refuses('a backslash', 'a\\b'),
  refuses('a scheme', 'http://a.example'),
  refuses('a port that is a word', 'a.example:http'),
  refuses('a port that is too large', 'a.example:65536'),
  refuses('a negative port', 'a.example:-1'),
  refuses('two ports', 'a.example:80:81'),
  refuses('an open bracket', '[2001:db8::1'),
  refuses('an address that is none', '[zz::1]'),
  refuses('a half escape', 'a%2.example'),
  refuses('bytes above 7F', 'caf\xe9.example'),
  { name: 'Host: space before the colon', bytes: 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', refused: 400 },
  { name: 'Host: folded', bytes: 'GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n', refused: 400 },
]

const line = (
  name: string,
  field: string,
  outcome: Partial<RequestCase> = { refused: 400 },
): RequestCase => ({
  name: `field: ${name}`,
  bytes: get('/', field),
  ...outcome,
})
const seen = (fields: Record<string, string | undefined>) => ({ passed: [{ fields }] })

/** RFC 9112, section 5, and RFC 9110, section 5.5. */
export const fieldLines: RequestCase[] = [
  line('no space behind the colon', 'X-A:b', seen({ 'x-a': 'b' })),
  line('white space around the value', 'X-A: \t b \t', seen({ 'x-a': 'b' })),
  line('an empty value', 'X-A:', seen({ 'x-a': '' })),
  line('every character of a token', "X!#$%&'*+-.^_`|~9: b", seen({ "x!#$%&'*+-.^_`|~9": 'b' })),
  line('bytes above 7F in a value', 'X-A: caf\xe9', seen({ 'x-a': 'caf\xe9' })),
  line('a tab inside a value', 'X-A: b\tc', seen({ 'x-a': 'b\tc' })),
  line('a value with colons', 'X-A: b:c: d', seen({ 'x-a': 'b:c: d' })),
  line('folding', 'X-A: b\r\n c'),
  line('folding with a tab', 'X-A: b\r\n\tc'),
  line('folding first of all', ' X-A: b'),
  line('a space before the colon', 'X-A : b'),
  line('a tab before the colon', 'X-A\t: b'),
  line('no colon', 'X-A'),
  line('no name', ': b'),
  line('a space in the name', 'X A: b'),
  line('brackets in the name', 'X(A): b'),
  line('a slash in the name', 'X/A: b'),
  line('bytes above 7F in the name', 'X-\xe9: b'),
  line('a control character in the name', 'X-\x01: b'),
  line('NUL in the name', 'X-\0: b'),
  line('NUL in the value', 'X-A: b\0c'),
  line('a control character in the value', 'X-A: b\x01c'),
  line('DEL in the value', 'X-A: b\x7fc'),
  line('a bare CR in the value', 'X-A: b\rc'),
  line('a bare CR before the end', 'X-A: b\r\r\n'),
  line('a bare LF', 'X-A: b\nX-B: c'),
  line('more bytes than allowed', `X-A: ${'b'.repeat(20_000)}`, { refused: 431 }),
  line('many lines, more bytes than allowed', 'X-A: bbbbbbbbbbbbbbbbbbbb\r\n'.repeat(900), { refused: 431 }),
  line('more lines than allowed', Array.from({ length: 101 }, (_, index) => `X-${index}: b`).join('\r\n'), {
    refused: 431,
  }),
]

/** RFC 9110, section 7.6.1: what belongs to one connection does not cross. */
export const hopByHop: RequestCase[] = [
  line('Connection and what it names', 'Connection: X-A, close\r\nX-A: b\r\nX-B: c', {
    passed: [{ fields: { 'x-a': undefined, 'x-b': 'c', connection: 'keep-alive' } }],
  }),
  line('Connection in several lines', 'Connection: X-A\r\nConnection: x-b\r\nX-A: b\r\nX-B: c', {
    passed: [{ fields: { 'x-a': undefined, 'x-b': undefined } }],
  }),
  line('Keep-Alive', 'Keep-Alive: timeout=5', seen({ 'keep-alive': undefined })),
  line('Proxy-Connection', 'Proxy-Connection: keep-alive', seen({ 'proxy-connection': undefined })),
  line('Proxy-Authorization', 'Proxy-Authorization: Basic eA==', seen({ 'proxy-authorization': undefined })),
  line('TE', 'TE: trailers', seen({ te: undefined })),
  line('Trailer', 'Trailer: X-A', seen({ trailer: undefined })),
  line('Connection that names X-Forwarded-For', 'Connection: X-Forwarded-For', {
    passed: [{ fields: { 'x-forwarded-for': '127.0.0.1' } }],
  }),
  line(
    'Connection that names every field of the gateway',
    'Connection: via, x-forwarded-proto, x-request-id, host',
    {
      passed: [{ fields: { via: '1.1 headgate', 'x-forwarded-proto': 'http', host: 'a.example' } }],
    },
  ),
  line('Connection that names Authorization', 'Connection: authorization\r\nAuthorization: Bearer x', {
    passed: [{ fields: { authorization: 'Bearer x' } }],
  }),
  {
    name: 'field: Connection that names Content-Length',
    bytes: `${request('POST /', 'Connection: content-length', 'Content-Length: 3')}abc`,
    passed: [{ body: 'abc', fields: { 'content-length': '3' } }],
  },
  line(
    'Upgrade to HTTP/2',
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk',
    {
      passed: [{ fields: { upgrade: undefined, 'http2-settings': undefined } }],
    },
  ),
  line('Upgrade to TLS', 'Connection: Upgrade\r\nUpgrade: TLS/1.2', seen({ upgrade: undefined })),
  {
    name: 'field: Upgrade in HTTP/1.0',
    bytes: 'GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    passed: [{ fields: { upgrade: undefined } }],
  },
  {
    name: 'field: Upgrade with a body',
    bytes: `${request('POST /', 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 3')}abc`,
    passed: [{ body: 'abc', fields: { upgrade: undefined } }],
  },
]

/** RFC 7239, W3C Trace Context and the fields that everybody uses: from a stranger nothing is believed. */
export const forwarding: RequestCase[] = [
  ...['X-Forwarded-For', 'X_Forwarded_For', 'x-forwarded_for'].map((name) =>
    line(`a spoofed ${name}`, `${name}: 10.0.0.1`, {
      passed: [
        {
          fields: {
            'x-forwarded-for': '127.0.0.1',
            x_forwarded_for: undefined,
            'x-forwarded_for': undefined,
          },
        },
      ],
    }),
  ),
  line('a spoofed X-Forwarded-Proto', 'X-Forwarded-Proto: https', seen({ 'x-forwarded-proto': 'http' })),
  line(
    'a spoofed X-Forwarded-Host',
    'X-Forwarded-Host: evil.example',
    seen({ 'x-forwarded-host': 'a.example' }),
  ),
  line('another X-Forwarded field', 'X-Forwarded-Prefix: /x', seen({ 'x-forwarded-prefix': undefined })),
  line('a spoofed Forwarded', 'Forwarded: for=10.0.0.1', seen({ forwarded: undefined })),
  line('a spoofed X-Real-IP', 'X-Real-IP: 10.0.0.1', seen({ 'x-real-ip': undefined })),
  line('Via is continued', 'Via: 1.0 b\r\nVia: 1.1 c', seen({ via: '1.0 b, 1.1 c, 1.1 headgate' })),
  line(
    'traceparent is passed on',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b',
    seen({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' }),
  ),
  line(
    'tracestate of a trace that is none',
    'traceparent: 00-x\r\ntracestate: a=b',
    seen({ tracestate: undefined }),
  ),
  {
    name: 'field: Max-Forwards counts down',
    bytes: request('TRACE /', 'Max-Forwards: 3'),
    passed: [{ fields: { 'max-forwards': '2' } }],
  },
  {
    name: 'field: Max-Forwards is used up',
    bytes: request('OPTIONS /', 'Max-Forwards: 0'),
    passed: [],
    statuses: [204],
  },
]
