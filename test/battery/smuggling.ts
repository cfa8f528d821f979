import { get, post, type RequestCase, request } from './case.ts'

const chunked = 'Transfer-Encoding: chunked'
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const lastChunk = '0\r\n\r\n'

const refused = (
  name: string,
  bytes: RequestCase['bytes'],
  statuses: number | readonly number[] = 400,
): RequestCase => ({ name: `smuggling: ${name}`, bytes, refused: statuses })

/** A request that is passed on, and no other that hides in it. */
const once = (name: string, bytes: RequestCase['bytes'], body: string): RequestCase => ({
  name: `smuggling: ${name}`,
  bytes,
  passed: [{ body }],
})

/**
 * What is known to split readers: CL.TE, TE.CL, TE.0, 0.CL, CL.0, and the ways to write a coding, a length, a line end
 * or a chunk so that one reader sees it and another does not.
 */
export const framingTricks: RequestCase[] = [
  refused('CL.TE', post(['Content-Length: 6', chunked], `${lastChunk}G`)),
  refused('TE.CL', post([chunked, 'Content-Length: 4'], `5c\r\n${smuggled}\r\n${lastChunk}`)),
  refused('TE.TE, the second one odd', post([chunked, 'Transfer-Encoding: cow'], lastChunk)),
  refused('TE.TE, the first one odd', post(['Transfer-Encoding: cow', chunked], lastChunk)),
  refused('TE.0 on OPTIONS', request('OPTIONS /', chunked, 'Content-Length: 0') + lastChunk + smuggled),
  refused('0.CL by a space before the colon', post(['Content-Length : 40'], smuggled)),
  refused('0.CL by folding', post(['X: a\r\n Content-Length: 40'], smuggled)),
  refused('0.CL by a folded length', post(['Content-Length:\r\n 40'], smuggled)),
  refused('CL in a list with 0', post(['Content-Length: 0, 40'], smuggled)),
  refused('two lengths, the second one 0', post(['Content-Length: 40', 'Content-Length: 0'], smuggled)),
  refused('two lengths in other letters', post(['Content-Length: 4', 'CONTENT-LENGTH: 40'], smuggled)),
  refused('-0', post(['Content-Length: -0'], '')),
  refused('+5', post(['Content-Length: +5'], 'abcde')),
  refused('0x10', post(['Content-Length: 0x10'], 'abcdefghijklmnop')),
  refused('1, 1', post(['Content-Length: 1, 1'], 'a')),
  refused('1 1', post(['Content-Length: 1 1'], 'abcdefghijk')),
  refused('1_0', post(['Content-Length: 1_0'], 'abcdefghij')),
  refused('5 and a NUL', post(['Content-Length: 5\0'], 'abcde')),
  refused('5;', post(['Content-Length: 5;'], 'abcde')),
  refused('5 in quotes', post(['Content-Length: "5"'], 'abcde')),
  refused('a length in other digits', post(['Content-Length: \xd9\xa5'], 'abcde')),
  refused('a length behind a vertical tab', post(['Content-Length: \x0b5'], 'abcde')),
  refused('a length behind a form feed', post(['Content-Length: \x0c5'], 'abcde')),
  refused('a length behind a byte of A0', post(['Content-Length: \xa05'], 'abcde')),
  refused('2^64 + 5', post(['Content-Length: 18446744073709551621'], 'abcde')),
  refused('2^63', post(['Content-Length: 9223372036854775808'], 'abcde'), [400, 413]),
  refused('2^32 + 5', post(['Content-Length: 4294967301'], 'abcde'), 413),
  refused('a coding in the name of a field', post(['Transfer-Encoding\0: chunked'], lastChunk)),
  refused('a tab before the colon of the coding', post(['Transfer-Encoding\t: chunked'], lastChunk)),
  refused('a coding behind a form feed', post(['Transfer-Encoding: \x0cchunked'], lastChunk), [400, 501]),
  refused('a coding and a form feed', post(['Transfer-Encoding: chunked\x0c'], lastChunk), [400, 501]),
  refused('a coding and a vertical tab', post(['Transfer-Encoding: chunked\x0b'], lastChunk), [400, 501]),
  refused('a coding behind a byte of A0', post(['Transfer-Encoding: \xa0chunked'], lastChunk), [400, 501]),
  refused('a coding and a comma', post(['Transfer-Encoding: chunked,'], lastChunk), [400, 501]),
  refused('a comma and a coding', post(['Transfer-Encoding: ,chunked'], lastChunk), [400, 501]),
  refused('a coding and a semicolon', post(['Transfer-Encoding: chunked;'], lastChunk), [400, 501]),
  refused(
    'chunked and identity in one line',
    post(['Transfer-Encoding: chunked, identity'], lastChunk),
    [400, 501],
  ),
  refused(
    'identity and chunked in one line',
    post(['Transfer-Encoding: identity, chunked'], lastChunk),
    [400, 501],
  ),
  refused('an empty coding beside a good one', post([chunked, 'Transfer-Encoding:'], lastChunk)),
  refused("'chunked'", post(["Transfer-Encoding: 'chunked'"], lastChunk), [400, 501]),
  refused('a coding with a dot', post(['Transfer-Encoding: chunked.'], lastChunk), [400, 501]),
  refused('chun ked', post(['Transfer-Encoding: chun ked'], lastChunk), [400, 501]),
  refused('a colon before the coding', post(['Transfer-Encoding:: chunked'], lastChunk), [400, 501]),
  refused('a coding behind a bare LF', post(['X: y\nTransfer-Encoding: chunked'], lastChunk)),
  refused('a coding behind a bare CR', post(['X: y\rTransfer-Encoding: chunked'], lastChunk)),
  refused('a coding behind LF CR', post(['X: y\n\rTransfer-Encoding: chunked'], lastChunk)),
  refused('a head that ends with a bare LF', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\nabcde`),
  refused('a head that ends with CR CR LF', `GET / HTTP/1.1\r\nHost: a\r\n\r\r\n`),
  refused('a field that ends with CR CR LF', `GET / HTTP/1.1\r\nHost: a\r\r\n\r\n`),
  refused('a bare CR first of a name', post(['\rContent-Length: 5'], 'abcde')),
  refused('a length in a HEAD with a body of another', `${request('HEAD /', 'Content-Length: 2, 5')}abcde`),
  once('a coding in odd letters', post(['tRANSFER-eNCODING: cHUNKED'], `3\r\nabc\r\n${lastChunk}`), 'abc'),
  refused('a tab behind the coding', post(['Transfer-Encoding: chunked\t'], lastChunk)),
  once(
    'a coding behind much white space',
    post(['Transfer-Encoding:   \t chunked'], `3\r\nabc\r\n${lastChunk}`),
    'abc',
  ),
  once('a length between tabs', post(['Content-Length:\t3\t'], 'abc'), 'abc'),
  refused('a length of many zeros', post([`Content-Length: ${'0'.repeat(20)}3`], 'abc')),
  once(
    'names like the real ones',
    post(['Content-Length: 3', 'X-Transfer-Encoding: chunked', 'Content-Lengt: 9'], 'abc'),
    'abc',
  ),
  once(
    'Connection that names Transfer-Encoding',
    post(['Connection: transfer-encoding', chunked], `3\r\nabc\r\n${lastChunk}`),
    'abc',
  ),
  once('a request in the body of another', post([`Content-Length: ${smuggled.length}`], smuggled), smuggled),
  once(
    'a request in a chunk of another',
    post([chunked], `${smuggled.length.toString(16)}\r\n${smuggled}\r\n${lastChunk}`),
    smuggled,
  ),
  {
    name: 'smuggling: CL.0, a GET with a body and another request behind it',
    bytes: get('/1', `Content-Length: ${smuggled.length}`) + smuggled + get('/2'),
    passed: [{ target: '/1', body: smuggled }, { target: '/2' }],
  },
]

const chunk = (name: string, body: string, statuses: number | readonly number[] = 400): RequestCase =>
  refused(`chunks, ${name}`, post([chunked], body), statuses)

/** RFC 9112, section 7.1: extensions and line ends have hidden requests in readers that skip to the wrong one. */
export const chunkTricks: RequestCase[] = [
  chunk('an LF in the extension ends the line for some', `2;\nxx\r\n4c\r\n0\r\n\r\n${smuggled}`),
  chunk('a CR in the extension', `2;\rxx\r\nab\r\n${lastChunk}`),
  chunk('a bare semicolon and an LF', `2;\nab\r\n${lastChunk}`),
  chunk('TERM.EXT, a bare LF behind the size', `2\nab\r\n${lastChunk}`),
  chunk('EXT.TERM, a CR and no LF', `2;a\rXab\r\n${lastChunk}`),
  chunk('SPILL, data longer than the chunk by a line', `5\r\nabcdefgh\r\n${lastChunk}`),
  chunk('ONE.TWO, one byte behind the data', `2\r\nab\n${lastChunk}`),
  chunk('TWO.ONE, two other bytes behind the data', `2\r\nabXX${lastChunk}`),
  chunk('ZERO.TWO, nothing behind the data', `2\r\nab${lastChunk}`),
  chunk('LF CR behind the data', `2\r\nab\n\r${lastChunk}`),
  chunk('a NUL in a size', `2\0\r\nab\r\n${lastChunk}`),
  chunk('a NUL in an extension', `2;a=\0\r\nab\r\n${lastChunk}`),
  chunk('a size behind a vertical tab', `\x0b2\r\nab\r\n${lastChunk}`),
  chunk('a size with a form feed', `2\x0c\r\nab\r\n${lastChunk}`),
  chunk('a size of 2^64 + 2', `10000000000000002\r\nab\r\n${lastChunk}`, [400, 413]),
  chunk(
    'a size of 17 zeros and a two, of which some keep 16 digits',
    `${'0'.repeat(16)}${'f'.repeat(17)}\r\nab`,
    [400, 413],
  ),
  chunk('a size in letters behind its digits', `2g\r\nab\r\n${lastChunk}`),
  chunk('a size with a comma', `2,2\r\nab\r\n${lastChunk}`),
  chunk('a size with a point', `2.0\r\nab\r\n${lastChunk}`),
  chunk('a size with an h', `2h\r\nab\r\n${lastChunk}`),
  chunk('\\x2', `\\x2\r\nab\r\n${lastChunk}`),
  chunk('no size but an extension', `;a=b\r\nab\r\n${lastChunk}`),
  chunk('the end with a CR alone', `2\r\nab\r\n0\r\r\n`),
  chunk('a last chunk of -0', `2\r\nab\r\n-0\r\n\r\n`),
  chunk('a last chunk of 0x0', `2\r\nab\r\n0x0\r\n\r\n`),
  chunk('a trailer with a space before its colon', `2\r\nab\r\n0\r\nX : y\r\n\r\n`),
  chunk('a trailer first of all folded', `2\r\nab\r\n0\r\n X: y\r\n\r\n`),
  chunk('a trailer without a name', `2\r\nab\r\n0\r\n: y\r\n\r\n`),
  chunk('a NUL in a trailer', `2\r\nab\r\n0\r\nX: y\0\r\n\r\n`),
  chunk('a bare LF behind a trailer', `2\r\nab\r\n0\r\nX: y\n\r\n`),
  chunk('a bare CR in a trailer', `2\r\nab\r\n0\r\nX: y\rZ: w\r\n\r\n`),
  chunk('a coding as a trailer', `2\r\nab\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n`),
  chunk('extensions without an end', `2${';a=b'.repeat(10_000)}\r\nab\r\n${lastChunk}`, [400, 413, 431]),
]
