import assert from 'node:assert/strict'
import test from 'node:test'
import type { Dispatcher } from 'undici'
import { requestHead } from '../../../../src/connections/http1/request-head.ts'

function headOf(options: Partial<Dispatcher.DispatchOptions>, isLast = false) {
  return requestHead({ path: '/', method: 'GET', ...options }, 'server.example', isLast)
}

test('Host and Connection stand first, and the fields of the caller follow as they are', () => {
  const head = headOf({ path: '/a?b', headers: ['X-A', 'b', 'x-a', 'c\xe9', 'Empty', ''] })
  assert.equal(
    head.text,
    'GET /a?b HTTP/1.1\r\nhost: server.example\r\nconnection: keep-alive\r\nX-A: b\r\nx-a: c\xe9\r\nEmpty: \r\n',
  )
})

test('fields come as a flat list, as an object, or as pairs', () => {
  const lines = 'host: other.example\r\nconnection: keep-alive\r\na: 1\r\nb: x\r\nb: y\r\n'
  const asObject = { a: 1, b: ['x', 'y'], host: 'other.example', gone: undefined } as never
  const asPairs = new Map<string, unknown>([
    ['a', 1],
    ['b', ['x', 'y']],
    ['host', 'other.example'],
  ]) as never
  for (const headers of [['a', '1', 'b', 'x', 'host', 'other.example', 'b', 'y'], asObject, asPairs]) {
    assert.equal(headOf({ headers }).text, `GET / HTTP/1.1\r\n${lines}`)
  }
})

test('the last request says so, and so does one whose caller says so', () => {
  for (const head of [
    headOf({}, true),
    headOf({ reset: true }),
    headOf({ headers: { connection: 'X, Close' } }),
  ]) {
    assert.match(head.text, /\r\nconnection: close\r\n$/)
    assert.equal(head.isLast, true)
  }
  assert.doesNotMatch(headOf({ headers: { connection: 'te' } }).text, /te\r\n/)
})

test('an upgrade is asked for by name', () => {
  const { text, upgrade } = headOf({ upgrade: 'websocket' })
  assert.match(text, /\r\nconnection: upgrade\r\nupgrade: websocket\r\n$/)
  assert.equal(upgrade, 'websocket')
})

test('a query is added to a path that has none', () => {
  assert.match(headOf({ query: { a: 'b c', d: [1, 2] } }).text, /^GET \/\?a=b%20c&d=1&d=2 HTTP/)
  assert.match(headOf({ query: {} }).text, /^GET \/ HTTP/)
  assert.throws(() => headOf({ path: '/?x', query: { a: 1 } }), { code: 'UND_ERR_INVALID_ARG' })
})

test('nothing that ends a line or frames the message can be written', () => {
  const invalid: Partial<Dispatcher.DispatchOptions>[] = [
    ...['GET /', 'G\r\n', '', 'G T', 'GÉT'].map((method) => ({ method }) as { method: 'GET' }),
    ...['no-slash', '/a b', '/a\r\nb', '/\u0100', '/\0', '', 'ftp://a/'].map((path) => ({ path })),
    ...['a\r\nb: c', 'a\nb', 'a\0', 'a\u0100', 'a\x7f'].map((value) => ({ headers: ['x', value] })),
    ...['', 'a b', 'a:', 'a\r\n', '\u0101', 'é'].map((name) => ({ headers: [name, 'b'] })),
    ...['Transfer-Encoding', 'keep-alive', 'UPGRADE'].map((name) => ({ headers: [name, 'chunked'] })),
    ...['', '-1', '1,1', '1e3', '0x1', ' 1', '9999999999999999'].map((value) => ({
      headers: ['Content-Length', value],
    })),
    { headers: ['content-length', '1', 'Content-Length', '1'] },
    { headers: ['host', 'a', 'Host', 'a'] },
    { headers: ['connection', 'a b'] },
    { headers: ['odd'] },
    { headers: { x: { y: 'z' } } as never },
    { headers: { x: Symbol('x') } as never },
    { upgrade: 'a\r\nb' },
  ]
  for (const options of invalid) {
    assert.throws(() => headOf(options), { code: 'UND_ERR_INVALID_ARG' }, JSON.stringify(options))
  }
  assert.throws(() => headOf({ headers: { Expect: '100-continue' } }), { code: 'UND_ERR_NOT_SUPPORTED' })
})

test('a flood of names is not remembered for ever', () => {
  for (let i = 0; i < 3000; i++) headOf({ headers: [`x-${i}`, 'b'] })
  assert.throws(() => headOf({ headers: ['transfer-encoding', 'chunked'] }), { code: 'UND_ERR_INVALID_ARG' })
})
