import { get, post, type RequestCase, request } from './case.ts'

const passes = (name: string, bytes: RequestCase['bytes'], body: string): RequestCase => ({
  name: `framing: ${name}`,
  bytes,
  passed: [{ method: 'POST', body }],
})
const refuses = (
  name: string,
  fields: string[],
  body: string,
  refused: number | number[] = 400,
): RequestCase => ({
  name: `framing: ${name}`,
  bytes: post(fields, body),
  refused,
})
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const chunked = 'Transfer-Encoding: chunked'

/** RFC 9112, section 6. */
export const framing: RequestCase[] = [
  passes('Content-Length', post(['Content-Length: 3'], 'abc'), 'abc'),
  passes('Content-Length 0', post(['Content-Length: 0'], ''), ''),
  passes('no length at all', post([], ''), ''),
  passes('leading zeros', post(['Content-Length: 0003'], 'abc'), 'abc'),
  passes(
    'Content-Length in pieces',
    ['POST / HTTP/1.1\r\nHo', 'st: a\r\nContent-Len', 'gth: 6\r\n\r\nab', 'cd', 'ef'],
    'abcdef',
  ),
  passes('chunked', post([chunked], '3\r\nabc\r\n0\r\n\r\n'), 'abc'),
  passes('chunked in capitals', post(['Transfer-Encoding: CHUNKED'], '3\r\nabc\r\n0\r\n\r\n'), 'abc'),
  passes('chunked, byte by byte', [...post([chunked], '3\r\nabc\r\n0\r\n\r\n')], 'abc'),
  passes(
    'binary',
    post(['Content-Length: 256'], String.fromCharCode(...Array(256).keys())),
    String.fromCharCode(...Array(256).keys()),
  ),
  {
    name: 'framing: a GET with a body',
    bytes: `${get('/', 'Content-Length: 3')}abc`,
    passed: [{ method: 'GET', body: 'abc' }],
  },
  {
    name: 'framing: a DELETE with a chunked body',
    bytes: `${request('DELETE /', chunked)}3\r\nabc\r\n0\r\n\r\n`,
    passed: [{ method: 'DELETE', body: 'abc' }],
  },
  {
    name: 'framing: a type that is none',
    bytes: post(['Content-Length: 3', 'Content-Type: ;;;'], 'abc'),
    passed: [{ body: 'abc', fields: { 'content-type': ';;;' } }],
  },
  {
    name: 'framing: JSON that is none stays as it is',
    bytes: post(['Content-Length: 7', 'Content-Type: application/json'], '{"a":  '),
    passed: [{ body: '{"a":  ' }],
  },
  refuses('Content-Length and Transfer-Encoding', ['Content-Length: 5', chunked], `0\r\n\r\n${smuggled}`),
  refuses('Transfer-Encoding and Content-Length', [chunked, 'Content-Length: 5'], `0\r\n\r\n${smuggled}`),
  refuses('two lengths', ['Content-Length: 3', 'Content-Length: 4'], 'abcd'),
  refuses('two lengths that agree', ['Content-Length: 3', 'Content-Length: 3'], 'abc'),
  refuses('a list of lengths', ['Content-Length: 3, 3'], 'abc'),
  refuses('a length with a sign', ['Content-Length: +3'], 'abc'),
  refuses('a negative length', ['Content-Length: -3'], 'abc'),
  refuses('a length in hexadecimal', ['Content-Length: 0x3'], 'abc'),
  refuses('a length with a point', ['Content-Length: 3.0'], 'abc'),
  refuses('a length with an exponent', ['Content-Length: 3e0'], 'abc'),
  refuses('an empty length', ['Content-Length:'], 'abc'),
  refuses('a length of words', ['Content-Length: three'], 'abc'),
  refuses('a length with a space inside', ['Content-Length: 1 2'], 'abcdefghijkl'),
  refuses('a length beyond every number', ['Content-Length: 18446744073709551617'], 'abc'),
  refuses('a space before the colon of the length', ['Content-Length : 3'], 'abc'),
  refuses(
    'an underscore in Content_Length beside it is nothing to us',
    ['Content-Length: 3', 'Content-Length: 03'],
    'abc',
  ),
  refuses('an unknown coding', ['Transfer-Encoding: gzip'], 'abc', [400, 501]),
  refuses('chunked before another coding', ['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n', [400, 501]),
  refuses('another coding before chunked', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n', [400, 501]),
  refuses('identity', ['Transfer-Encoding: identity'], 'abc', [400, 501]),
  refuses('chunked twice', ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n', [400, 501]),
  refuses('chunked in two lines', [chunked, chunked], '0\r\n\r\n'),
  refuses('chunked and identity in two lines', [chunked, 'Transfer-Encoding: identity'], '0\r\n\r\n'),
  refuses('xchunked', ['Transfer-Encoding: xchunked'], '0\r\n\r\n', [400, 501]),
  refuses('chunked in quotes', ['Transfer-Encoding: "chunked"'], '0\r\n\r\n', [400, 501]),
  refuses('chunked with a parameter', ['Transfer-Encoding: chunked;a=b'], '0\r\n\r\n', [400, 501]),
  refuses('chunked behind a vertical tab', ['Transfer-Encoding: \x0bchunked'], '0\r\n\r\n'),
  refuses('chunked behind a NUL', ['Transfer-Encoding: \0chunked'], '0\r\n\r\n'),
  refuses('an empty coding', ['Transfer-Encoding:'], '0\r\n\r\n', [400, 501]),
  refuses('a comma alone', ['Transfer-Encoding: ,'], '0\r\n\r\n', [400, 501]),
  refuses('a folded coding', ['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n'),
  refuses('a space before the colon of the coding', ['Transfer-Encoding : chunked'], '0\r\n\r\n'),
  {
    name: 'framing: Transfer-Encoding in HTTP/1.0',
    bytes: `POST / HTTP/1.0\r\nHost: a\r\n${chunked}\r\n\r\n0\r\n\r\n`,
    refused: 400,
  },
  {
    name: 'framing: Transfer_Encoding is another field, which some servers mistake',
    bytes: post(['Content-Length: 3', 'Transfer_Encoding: chunked'], 'abc'),
    passed: [{ body: 'abc' }],
  },
  {
    name: 'framing: a declared length above the limit',
    bytes: post(['Content-Length: 99999999'], 'abc'),
    refused: 413,
  },
]

const chunks = (
  name: string,
  body: string,
  outcome: Partial<RequestCase> = { refused: 400 },
): RequestCase => ({
  name: `chunks: ${name}`,
  bytes: post([chunked], body),
  ...outcome,
})
const whole = (body: string) => ({ passed: [{ body }] })

/** RFC 9112, section 7.1. What the server gets is framed anew. */
export const chunkedBodies: RequestCase[] = [
  chunks('sizes in capitals', 'A\r\n0123456789\r\n0\r\n\r\n', whole('0123456789')),
  chunks('sizes in small letters', 'a\r\n0123456789\r\n0\r\n\r\n', whole('0123456789')),
  chunks('leading zeros', '0003\r\nabc\r\n000\r\n\r\n', whole('abc')),
  chunks('several', '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', whole('abc')),
  chunks('empty', '0\r\n\r\n', whole('')),
  chunks('an extension', '3;a=b\r\nabc\r\n0;c\r\n\r\n', whole('abc')),
  chunks('a quoted extension', '3;a="b c"\r\nabc\r\n0\r\n\r\n', whole('abc')),
  chunks('a trailer crosses, and stays one', '3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n', {
    passed: [{ body: 'abc', fields: { 'x-t': undefined }, trailers: [['x-t', '1']] }],
  }),
  chunks('a size that is no number', 'zz\r\nabc\r\n0\r\n\r\n'),
  chunks('an empty size', '\r\nabc\r\n0\r\n\r\n'),
  chunks('a negative size', '-3\r\nabc\r\n0\r\n\r\n'),
  chunks('a size with a sign', '+3\r\nabc\r\n0\r\n\r\n'),
  chunks('a size in hexadecimal notation', '0x3\r\nabc\r\n0\r\n\r\n'),
  chunks('an underscore in a size', '1_0\r\nabc\r\n0\r\n\r\n'),
  chunks('a space before a size', ' 3\r\nabc\r\n0\r\n\r\n'),
  chunks('a space behind a size', '3 \r\nabc\r\n0\r\n\r\n'),
  chunks('a tab behind a size', '3\t\r\nabc\r\n0\r\n\r\n'),
  chunks('a size beyond every number', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n', { refused: [400, 413] }),
  chunks('a bare LF behind a size', '3\nabc\r\n0\r\n\r\n'),
  chunks('a bare CR behind a size', '3\rabc\r\n0\r\n\r\n'),
  chunks('a bare LF behind the data', '3\r\nabc\n0\r\n\r\n'),
  chunks('data longer than said', '3\r\nabcd\r\n0\r\n\r\n'),
  chunks('data shorter than said', '4\r\nabc\r\n0\r\n\r\n'),
  chunks('a bare LF at the end', '3\r\nabc\r\n0\n\n'),
  chunks('a bare LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'),
  chunks('a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'),
  chunks('a control character in an extension', '3;a=\x01\r\nabc\r\n0\r\n\r\n'),
  chunks('an extension without a name', '3;=b\r\nabc\r\n0\r\n\r\n', whole('abc')),
  chunks('an endless extension', `3;${'a'.repeat(70_000)}\r\nabc\r\n0\r\n\r\n`, { refused: [400, 413] }),
  chunks('a folded trailer', '3\r\nabc\r\n0\r\nX-T: 1\r\n 2\r\n\r\n'),
  chunks('a trailer without a colon', '3\r\nabc\r\n0\r\nX-T\r\n\r\n'),
  chunks('a control character in a trailer', '3\r\nabc\r\n0\r\nX-T: \x01\r\n\r\n'),
  chunks('endless trailers', `3\r\nabc\r\n0\r\n${'X-T: 1\r\n'.repeat(5000)}\r\n`, { refused: [400, 431] }),
  {
    name: 'chunks: one that never ends is not complete',
    bytes: [post([chunked], '3\r\nabc\r\n'), 'zz\r\n'],
    refused: 400,
  },
  {
    name: 'chunks: a trailer does not smuggle a length',
    bytes: post([chunked], '3\r\nabc\r\n0\r\nContent-Length: 10\r\n\r\n'),
    refused: 400,
  },
]

/** RFC 9112, section 9. */
export const pipelines: RequestCase[] = [
  {
    name: 'pipeline: three in a row are answered in order',
    bytes: get('/1') + get('/2') + get('/3'),
    passed: [{ target: '/1' }, { target: '/2' }, { target: '/3' }],
  },
  {
    name: 'pipeline: bodies and none',
    bytes: post(['Content-Length: 2'], 'ab') + get('/2') + post([chunked], '2\r\ncd\r\n0\r\n\r\n'),
    passed: [{ body: 'ab' }, { target: '/2', body: '' }, { body: 'cd' }],
  },
  {
    name: 'pipeline: what stands behind a refusal is not carried out',
    bytes: get('/a\\b') + request('POST /evil', 'Content-Length: 0'),
    refused: 400,
  },
  {
    name: 'pipeline: what stands behind a refusal with a body is not carried out',
    bytes: `${request('POST /a%00', 'Content-Length: 3')}abc${request('POST /evil', 'Content-Length: 0')}`,
    refused: 400,
  },
  {
    name: 'pipeline: a good request, then a bad one',
    bytes: get('/1') + get('/..%2f') + get('/3'),
    refused: 400,
    before: [{ target: '/1' }],
    statuses: [200, 400],
  },
  {
    name: 'pipeline: what stands behind Connection: close is not carried out',
    bytes: get('/1', 'Connection: close') + get('/2'),
    passed: [{ target: '/1' }],
    statuses: [200],
  },
  {
    name: 'pipeline: a hundred',
    bytes: Array.from({ length: 100 }, (_, index) => get(`/${index}`)).join(''),
    passed: Array.from({ length: 100 }, (_, index) => ({ target: `/${index}` })),
  },
]

/** RFC 9110, section 10.1.1. */
export const expectations: RequestCase[] = [
  {
    name: 'Expect: a client that waits is asked for its body',
    bytes: [post(['Content-Length: 3', 'Expect: 100-continue'], ''), 'abc'],
    passed: [{ body: 'abc', fields: { expect: '100-continue' } }],
  },
  {
    name: 'Expect: a client that does not wait',
    bytes: post(['Content-Length: 3', 'Expect: 100-Continue'], 'abc'),
    passed: [{ body: 'abc' }],
  },
  {
    name: 'Expect: without a body',
    bytes: get('/', 'Expect: 100-continue'),
    passed: [{ body: '', fields: { expect: undefined } }],
  },
  { name: 'Expect: something else', bytes: post(['Content-Length: 3', 'Expect: x'], 'abc'), refused: 417 },
  {
    name: 'Expect: in HTTP/1.0 it means nothing',
    bytes: 'POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
    passed: [{ body: 'abc', fields: { expect: undefined } }],
  },
  {
    name: 'Expect: a body that is too large is refused before it is sent',
    bytes: post(['Content-Length: 99999999', 'Expect: 100-continue'], ''),
    refused: 413,
    statuses: [413],
  },
]
