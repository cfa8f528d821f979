import type { ResponseCase } from './case.ts'
import { bad, chunked, cut, good, head, ok } from './response-parts.ts'

/** RFC 9112, section 4, and RFC 9110, section 15. */
export const statusLines: ResponseCase[] = [
  good('plain', ok()),
  good('no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'),
  good('an empty reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'),
  good('a reason phrase of odd bytes', 'HTTP/1.1 200 \xc3\xa9\xe9\r\nContent-Length: 2\r\n\r\nok', {
    has: 'HTTP/1.1 200 \r\n',
  }),
  good('HTTP/1.0 with a length', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  good('an unusual status', 'HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok', { status: 299 }),
  good('599', 'HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok', { status: 599 }),
  bad('HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('HTTP/0.9', 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('another protocol', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('no HTTP at all', 'SSH-2.0-OpenSSH_9.9\r\n'),
  bad('TLS', '\x15\x03\x01\x00\x02\x02\x46'),
  bad('a status of two digits', 'HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('status 600', 'HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('status 999', 'HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('a negative status', 'HTTP/1.1 -200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('a status that is no number', 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('a space first of all', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  bad('bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  bad('nothing at all', '', { closes: 'end' }),
  bad('nothing but a reset', '', { closes: 'reset' }),
  bad('half a status line', 'HTTP/1.1 20', { closes: 'end' }),
  bad('half a head', 'HTTP/1.1 200 OK\r\nContent-Le', { closes: 'end' }),
]

/** RFC 9112, section 5. */
export const responseFields: ResponseCase[] = [
  good('bytes above 7F in a value', ok('X-A: caf\xe9'), { fields: { 'x-a': 'caf\xe9' } }),
  good('cookies stay apart', ok('Set-Cookie: a=b', 'Set-Cookie: c=d'), {
    fields: { 'set-cookie': 'a=b|c=d' },
  }),
  good('what Connection names', ok('Connection: X-A', 'X-A: b', 'X-B: c'), {
    fields: { 'x-a': undefined, 'x-b': 'c', connection: 'keep-alive' },
  }),
  good('Connection: close is between us and the server', ok('Connection: close'), {
    fields: { connection: 'keep-alive' },
  }),
  good('Keep-Alive of the server', ok('Keep-Alive: timeout=1'), { fields: { 'keep-alive': 'timeout=72' } }),
  good('Proxy-Authenticate', ok('Proxy-Authenticate: Basic'), {
    fields: { 'proxy-authenticate': undefined },
  }),
  good('Upgrade offered', ok('Upgrade: h2c', 'Connection: upgrade'), { fields: { upgrade: undefined } }),
  good('Trailer', ok('Trailer: X-T'), { fields: { trailer: undefined } }),
  good('Via is continued', ok('Via: 1.1 b'), { fields: { via: '1.1 b|1.1 headgate' } }),
  good('Date of the server', ok('Date: Tue, 15 Nov 1994 08:12:31 GMT'), {
    fields: { date: 'Tue, 15 Nov 1994 08:12:31 GMT' },
  }),
  bad('folding', ok('X-A: b\r\n c')),
  bad('a space before the colon', ok('X-A : b')),
  bad('no colon', ok('X-A')),
  bad('no name', ok(': b')),
  bad('brackets in a name', ok('X(A): b')),
  bad('NUL in a value', ok('X-A: b\0c')),
  bad('a control character in a value', ok('X-A: b\x01c')),
  bad('DEL in a value', ok('X-A: b\x7fc')),
  bad('a bare CR in a value', ok('X-A: b\rX-B: c')),
  bad('a bare LF in a value', ok('X-A: b\nX-B: c')),
  bad('more bytes than allowed', ok(`X-A: ${'b'.repeat(40_000)}`)),
  bad('more lines than allowed', ok('X-A: b\r\n'.repeat(6000))),
]

/** RFC 9112, sections 6, 7 and 8. */
export const responseFraming: ResponseCase[] = [
  good('a body that ends with the connection', `${head}\r\nok`, { closes: 'end' }),
  good('HTTP/1.0 that ends with the connection', 'HTTP/1.0 200 OK\r\n\r\nok', { closes: 'end' }),
  good('chunked', `${chunked}1\r\no\r\n1\r\nk\r\n0\r\n\r\n`),
  good('chunked with extensions', `${chunked}2;a=b\r\nok\r\n0\r\n\r\n`),
  good('chunked, byte by byte', [...`${chunked}2\r\nok\r\n0\r\n\r\n`]),
  good('trailers', `${chunked}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`, { has: '0\r\nX-T: 1\r\n\r\n' }),
  good('trailers that must not cross', `${chunked}2\r\nok\r\n0\r\nSet-Cookie: a=poison\r\nX-T: 1\r\n\r\n`, {
    has: 'X-T: 1',
    hasNot: 'poison',
  }),
  good(
    'a trailer that Connection names',
    `${head}Connection: X-A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: poison\r\nX-T: 1\r\n\r\n`,
    { has: 'X-T: 1', hasNot: 'poison' },
  ),
  bad(
    'Content-Length and Transfer-Encoding',
    `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  bad(
    'Transfer-Encoding and Content-Length',
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  bad('two lengths', `${head}Content-Length: 2\r\nContent-Length: 9\r\n\r\nokpoison`),
  bad('two lengths that agree', `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`),
  bad('a list of lengths', `${head}Content-Length: 2, 2\r\n\r\nok`),
  bad('a negative length', `${head}Content-Length: -2\r\n\r\nok`),
  bad('a length with a sign', `${head}Content-Length: +2\r\n\r\nok`),
  bad('a length in hexadecimal', `${head}Content-Length: 0x2\r\n\r\nok`),
  bad('an empty length', `${head}Content-Length:\r\n\r\nok`),
  bad('a length beyond every number', `${head}Content-Length: 99999999999999999999\r\n\r\nok`),
  bad('an unknown coding', `${head}Transfer-Encoding: gzip\r\n\r\nok`, { closes: 'end' }),
  bad('gzip, chunked', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  bad('chunked, gzip', `${head}Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n`, {
    closes: 'end',
  }),
  bad('xchunked', `${head}Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, { closes: 'end' }),
  bad('chunked twice', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  bad('a first chunk without a size', `${chunked}zz\r\nok\r\n0\r\n\r\n`),
  bad('a first chunk of negative size', `${chunked}-2\r\nok\r\n0\r\n\r\n`),
  bad('a first chunk with a bare LF', `${chunked}2\nok\r\n0\r\n\r\n`),
  cut('a chunk longer than said', `${chunked}2\r\nokX\r\n0\r\n\r\n`),
  cut('a second chunk that is none', `${chunked}2\r\nok\r\nzz\r\n`),
  cut('a chunk beyond every number', `${chunked}2\r\nok\r\nffffffffffffffffff\r\nX`),
  cut('chunks without an end', `${chunked}2\r\nok\r\n`, { closes: 'end' }),
  cut('chunks and a reset', `${chunked}2\r\nok\r\n`, { closes: 'reset' }),
  cut('less than Content-Length', `${head}Content-Length: 10\r\n\r\nok`, { closes: 'end' }),
  cut('less than Content-Length and a reset', `${head}Content-Length: 10\r\n\r\nok`, { closes: 'reset' }),
  cut('a body that ends with a reset', `${head}Connection: close\r\n\r\nok`, { closes: 'reset' }),
  cut('a trailer that is none', `${chunked}2\r\nok\r\n0\r\nX(T: 1\r\n\r\n`),
  good('bytes behind the response', `${ok()}poison`, { hasNot: 'poison' }),
  good('a second response behind the first', `${ok()}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`, {
    hasNot: 'poison',
  }),
]

/** RFC 9110, sections 6.4.1, 9.3.2, 15.2, 15.3.5 and 15.4.5. */
export const bodiless: ResponseCase[] = [
  good('HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n', {
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    body: '',
    fields: { 'content-length': '200' },
  }),
  good('HEAD and chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', {
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    body: '',
  }),
  good('HEAD with a body that must not be', `${ok()}`, {
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    body: '',
    hasNot: 'ok\r\n',
  }),
  good('204', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '' }),
  good('204 with a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok', {
    status: 204,
    body: '',
    fields: { 'content-length': undefined },
  }),
  good(
    '204 with chunks',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    {
      status: 204,
      body: '',
      fields: { 'transfer-encoding': undefined },
    },
  ),
  good('304 with a length', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 200\r\n\r\n', {
    status: 304,
    body: '',
    fields: { etag: '"a"' },
  }),
  good('205', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', { status: 205, body: '' }),
  good('100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${ok()}`, { hasNot: '100 Continue' }),
  good('100 before an upload is taken', [`HTTP/1.1 100 Continue\r\n\r\n`, ok()], {
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  }),
  good('102', `HTTP/1.1 102 Processing\r\n\r\n${ok()}`, { has: 'HTTP/1.1 102 Processing' }),
  good(
    '103',
    `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload, </b.css>; rel=preload\r\n\r\n${ok()}`,
    {
      has: 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload, </b.css>; rel=preload\r\n\r\n',
    },
  ),
  good(
    '103 without what belongs to the connection',
    `HTTP/1.1 103 Early Hints\r\nConnection: X-A\r\nX-A: poison\r\n\r\n${ok()}`,
    {
      hasNot: 'poison',
    },
  ),
  good('103 to a client of HTTP/1.0', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`, {
    request: 'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
    hasNot: '103',
  }),
  good('chunks to a client of HTTP/1.0', `${chunked}2\r\nok\r\n0\r\n\r\n`, {
    request: 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    fields: { 'transfer-encoding': undefined, connection: 'close' },
  }),
  bad(
    '101 that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ),
  bad('a flood of interim responses', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000)}${ok()}`),
  bad('a flood of 100', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)}${ok()}`),
]
