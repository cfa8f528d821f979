import assert from 'node:assert/strict'
import test from 'node:test'
import { faultOf, type Reading, read } from './recorder.ts'

function refuses(cases: Record<string, string>, fault: RegExp, reading?: Reading): void {
  for (const [name, bytes] of Object.entries(cases)) {
    assert.match(faultOf(bytes, reading) ?? 'nothing', fault, name)
    assert.equal(read([bytes], reading).isComplete, false, name)
  }
}

test('RFC 9112, 4: a status line has a version, a code and perhaps a reason', () => {
  for (const [line, status, reason] of [
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.0 404 Not  Found ', 404, 'Not  Found '],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 599 \xe9\t!', 599, '\xe9\t!'],
  ] as const) {
    const response = read([`${line}\r\nContent-Length: 0\r\n\r\n`])
    assert.deepEqual([response.status, response.reason, response.isComplete], [status, reason, true], line)
  }
})

test('RFC 9112, 4: any other status line is refused', () => {
  const lines = ['HTTP/1.1 20', 'HTTP/1.1 2000', 'HTTP/1.1 099 x', 'HTTP/1.1 600 x', 'HTTP/1.1  200 OK']
  lines.push('HTTP/1.1\t200 OK', 'HTTP/1.1 1e2 x', 'HTTP/1.1 +20 x', 'HTTP/1.1 200OK', 'HTTP/1.2 200 OK')
  lines.push('HTTP/1.11 200 OK', 'HTTP/1. 200 OK', 'HTTP/1.1 0x9 x')
  for (const line of lines) refuses({ [line]: `${line}\r\n\r\n` }, /status line/)
  for (const line of [
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    '\r\nHTTP/1.1 200 OK',
    'SSH-2.0',
  ])
    refuses({ [line]: line }, /not a status line/)
  refuses({ nul: 'HTTP/1.1 200 O\0K\r\n\r\n', lf: 'HTTP/1.1 200 OK\n\r\n' }, /control character/)
})

test('what is not HTTP is refused before its line has ended', () => {
  assert.match(faultOf('SSH') ?? '', /not a status line/)
  assert.equal(faultOf('HTT'), undefined)
})

test('RFC 9112, 5: field lines keep their order, their case and their bytes, without the space around values', () => {
  const { fields } = read([
    'HTTP/1.1 200 OK\r\nA: b\r\nx-y:\t  c d\xff  \r\nA:\r\nEmpty: \t \r\nContent-Length: 0\r\n\r\n',
  ])
  assert.deepEqual(fields, ['A', 'b', 'x-y', 'c d\xff', 'A', '', 'Empty', '', 'Content-Length', '0'])
})

test('RFC 9112, 5.1 and 5.2: no space before the colon, no folding, no odd names', () => {
  const head = (line: string) => `HTTP/1.1 200 OK\r\nA: b\r\n${line}\r\n\r\n`
  refuses(
    { space: head('C : d'), odd: head('C(: d'), high: head('C\xe9: d'), none: head('nothing') },
    /token/,
  )
  refuses({ fold: head(' folded'), tab: head('\tfolded'), noName: head(': d') }, /begin with a name/)
})

test('RFC 9112, 2.2: a bare CR, a bare LF or a NUL is refused wherever it stands', () => {
  const head = (value: string) => `HTTP/1.1 200 OK\r\nA: ${value}\r\n\r\n`
  refuses({ lf: head('b\nC: d'), nul: head('b\0'), del: head('b\x7f'), escape: head('\x1b[0m') }, /control/)
  refuses({ cr: head('b\rC: d'), crcr: head('b\r') }, /CRLF/)
  refuses({ lfs: 'HTTP/1.1 200 OK\nA: b\n\n' }, /control/)
})

test('RFC 9112, 6.2: a length is one field of digits', () => {
  const head = (...values: string[]) =>
    `HTTP/1.1 200 OK\r\n${values.map((v) => `Content-Length: ${v}\r\n`).join('')}\r\n`
  const odd = ['', '5\t', '+5', '-5', '5 5', '5,5', '0x5', '5.0', '1e1', '\xb2', '9999999999999999']
  for (const value of odd) refuses({ [value]: head(value) }, /malformed Content-Length/)
  refuses({ same: head('5', '5'), other: head('5', '6') }, /more than once/)
  assert.equal(read([head('005'), 'hello']).body, 'hello')
})

test('RFC 9112, 6.1: the one transfer coding is chunked, in 1.1, without a length beside it', () => {
  const head = (coding: string, version = '1.1') =>
    `HTTP/${version} 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n`
  for (const coding of [
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'identity',
    'chunked;a',
    '',
  ])
    refuses({ [coding]: head(coding) }, /only transfer coding/)
  refuses(
    { twice: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n' },
    /once/,
  )
  refuses({ old: head('chunked', '1.0') }, /HTTP\/1.0/)
  const both = ['Content-Length: 5', 'Transfer-Encoding: chunked']
  for (const lines of [both, both.toReversed()])
    refuses({ both: `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n` }, /beside/)
  assert.equal(read([head('Chunked'), '0\r\n\r\n']).isComplete, true)
})

test('RFC 9112, 6.3: neither HEAD nor 204 nor 304 has a body, whatever the head says', () => {
  for (const fields of ['Content-Length: 5', 'Transfer-Encoding: chunked', 'A: b']) {
    const bytes = (status: number) => `HTTP/1.1 ${status} x\r\n${fields}\r\n\r\n`
    for (const status of [204, 304]) assert.equal(read([bytes(status)], { ends: false }).isComplete, true)
    assert.equal(read([bytes(200)], { method: 'HEAD', ends: false }).isComplete, true)
  }
})

test('RFC 9112, 6.3: a body without a length ends with its connection', () => {
  const response = read(['HTTP/1.1 200 OK\r\n\r\n', 'to the ', 'end'])
  assert.deepEqual([response.body, response.isComplete, response.error], ['to the end', true, undefined])
})

test('RFC 9112, 7.1: chunks, with extensions that mean nothing and trailers that do', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const response = read([
    `${head}5;a=b;c="d"\r\nhello\r\n00A\r\n, dear all\r\n0;z\r\nX-Sum: 1\r\nY: 2\r\n\r\n`,
  ])
  assert.deepEqual([response.body, response.trailers], ['hello, dear all', ['X-Sum', '1', 'Y', '2']])
  assert.equal(response.hasExcess, false)
})

test('RFC 9112, 7.1: a chunk is exactly as long as it says, and its size is hexadecimal digits', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (const chunk of [
    '\r\n',
    ';a\r\n',
    'g\r\n',
    '0x5\r\n',
    '-1\r\n',
    ' 5\r\n',
    '5 \r\n',
    '5\n',
    '5\rhello',
    '+5\r\n',
  ])
    refuses({ [chunk]: head + chunk }, /chunk/)
  refuses(
    { long: `${head}5\r\nhello!\r\n`, bare: `${head}5\r\nhello\n`, cr: `${head}5\r\nhello\rX` },
    /chunk/,
  )
  refuses({ huge: `${head}${'f'.repeat(14)}\r\n` }, /too large/)
  for (const extension of [
    '',
    ';',
    'a;',
    'a=',
    'a b',
    ' a',
    'a= b',
    'a="b',
    'a="b"c',
    'a=b=c',
    '\n',
    'a="\0"',
  ])
    refuses({ [extension]: `${head}5;${extension}\r\nhello\r\n` }, /extension/)
  for (const extension of ['a', 'a;b', 'a=b;c', 'a="b;\\" \xe9";c="d"'])
    assert.equal(read([`${head}5;${extension}\r\nhello\r\n0\r\n\r\n`]).body, 'hello')
  refuses({ trailer: `${head}0\r\nA : b\r\n\r\n` }, /token/)
  refuses({ length: `${head}0\r\nContent-Length: 5\r\n\r\n` }, /frames/)
  refuses({ coding: `${head}0\r\nTransfer-Encoding: chunked\r\n\r\n` }, /frames/)
  refuses({ folded: `${head}0\r\n A: b\r\n\r\n` }, /begin with a name/)
})

test('a head, trailers and chunk extensions have a bound, as has the number of fields', () => {
  const long = 'x'.repeat(20_000)
  const code = 'UND_ERR_HEADERS_OVERFLOW'
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  assert.equal(read([`HTTP/1.1 200 ${long}`]).error, code)
  assert.equal(read([`HTTP/1.1 200 OK\r\nA: ${long}`]).error, code)
  assert.equal(read([`HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(1001)}`]).error, code)
  assert.equal(read([`${chunked}0\r\nA: ${long}\r\n\r\n`]).error, code)
  assert.equal(read([`${chunked}5;${long}\r\n`]).error, code)
  assert.equal(read([chunked, `1;${'x'.repeat(99)}\r\na\r\n`.repeat(200)]).error, code)
  const exact = `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: `
  const fill = (size: number) => `${exact}${'x'.repeat(size - exact.length - 4)}\r\n\r\n`
  assert.equal(read([fill(16_384)]).isComplete, true)
  assert.equal(read([fill(16_385)]).error, code)
})

test('RFC 9110, 15.2: interim responses come before the final one, as many as there are', () => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
  const response = read([interim, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'])
  assert.deepEqual([response.interim, response.status, response.body], [[103, 100], 200, 'ok'])
  assert.equal(read(['HTTP/1.1 100 Continue\r\n\r\n'.repeat(20_000)]).error, 'UND_ERR_HEADERS_OVERFLOW')
})

test('RFC 9110, 7.8: protocols are switched only when asked', () => {
  const bytes = 'HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n\r\nhello'
  assert.match(faultOf(bytes) ?? '', /without being asked/)
  assert.deepEqual([read([bytes], { upgrade: true }).rest, read([bytes]).isComplete], ['hello', false])
  const tunnel = read(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'], { method: 'CONNECT' })
  assert.equal(tunnel.rest, 'hello')
})

test('RFC 9112, 9.3: whether a connection may be used again', () => {
  const persists = (version: string, fields: string) =>
    read([`HTTP/${version} 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`]).isPersistent
  assert.equal(persists('1.1', ''), true)
  assert.equal(persists('1.1', 'Connection: close\r\n'), false)
  assert.equal(persists('1.1', 'Connection: X, Close\r\n'), false)
  assert.equal(persists('1.1', 'Connection: keep-alive\r\nConnection: close\r\n'), false)
  assert.equal(persists('1.0', ''), false)
  assert.equal(persists('1.0', 'Connection: Keep-Alive\r\n'), true)
  assert.equal(persists('1.0', 'Connection: keep-alive, close\r\n'), false)
})

test('a response that ends too soon is an error, wherever it ends', () => {
  for (const [bytes, code] of [
    ['', 'UND_ERR_SOCKET'],
    ['HTTP/1.1 200 OK\r\nA: b', 'UND_ERR_SOCKET'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'UND_ERR_SOCKET'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'UND_ERR_SOCKET'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n', 'UND_ERR_SOCKET'],
  ] as const) {
    const { error, isComplete } = read([bytes])
    assert.deepEqual([error, isComplete], [code, false], bytes)
  }
})

test('bytes behind a response are told apart from it', () => {
  for (const bytes of [
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!',
    'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0',
  ]) {
    const together = read([bytes])
    assert.deepEqual([together.isComplete, together.hasExcess], [true, true])
    assert.doesNotMatch(together.body, /!/)
    const apart = read([...bytes])
    assert.deepEqual([apart.isComplete, apart.hasExcess, apart.body], [true, true, together.body])
  }
})
