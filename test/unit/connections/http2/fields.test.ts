import assert from 'node:assert/strict'
import test from 'node:test'
import type { Dispatcher } from 'undici'
import { plainFields, requestFields } from '../../../../src/connections/http2/fields.ts'

const origin = new URL('https://app.example:8443')

function fieldsOf(options: Partial<Dispatcher.DispatchOptions>): string[] {
  return requestFields({ path: '/', method: 'GET', ...options }, origin)
}

test('the authority comes from Host, or else from the origin', () => {
  assert.deepEqual(fieldsOf({ headers: ['Host', 'www.example'] }), [
    ...[':method', 'GET', ':scheme', 'https', ':authority', 'www.example', ':path', '/'],
    ...['te', 'trailers'],
  ])
  assert.equal(fieldsOf({})[5], 'app.example:8443')
})

test('fields of one connection do not cross, and of TE only what HTTP/2 knows', () => {
  const headers = {
    connection: 'keep-alive',
    'Keep-Alive': 'timeout=5',
    'proxy-connection': 'x',
    'Transfer-Encoding': 'chunked',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'AA',
    TE: 'gzip, trailers;q=0.5',
    'X-Kept': 'yes',
  }
  assert.deepEqual(fieldsOf({ headers }).slice(8), ['te', 'trailers', 'x-kept', 'yes'])
  assert.deepEqual(fieldsOf({ headers: { te: 'gzip' } }).slice(8), ['te', 'trailers'])
})

test('a body that waits for the word of the server says so', () => {
  const fields = fieldsOf({ method: 'POST', expectContinue: true })
  assert.deepEqual(fields.slice(-2), ['expect', '100-continue'])
})

test('every form of headers is taken', () => {
  const expected = ['a', '1', 'b', '2', 'b', '3', 'te', 'trailers']
  for (const headers of [
    ['A', '1', 'B', '2', 'B', '3'],
    { A: '1', B: ['2', '3'], c: undefined },
    new Map<string, string | string[]>([
      ['A', '1'],
      ['B', ['2', '3']],
    ]),
  ]) {
    assert.deepEqual(fieldsOf({ headers }).slice(8), expected)
  }
})

test('what could mean two things to two readers is refused', () => {
  for (const options of [
    { headers: ['a', 'x\r\nb: y'] },
    { headers: ['a', 'x\0'] },
    { headers: ['a b', 'x'] },
    { headers: [':path', '/other'] },
    { headers: ['a'] },
    { headers: ['a', '\u{1F600}'] },
    { path: '/a b' },
    { path: 'a' },
    { path: '/\u0100' },
    { method: 'G ET' },
  ]) {
    assert.throws(() => fieldsOf(options as Partial<Dispatcher.DispatchOptions>), {
      code: 'UND_ERR_INVALID_ARG',
    })
  }
  assert.throws(() => fieldsOf({ method: 'CONNECT' }), { code: 'UND_ERR_NOT_SUPPORTED' })
  assert.throws(() => fieldsOf({ headers: { expect: '100-continue' } }), { code: 'UND_ERR_NOT_SUPPORTED' })
})

test('what a server sends is told without pseudo fields', () => {
  assert.deepEqual(plainFields([':status', '200', 'a', '1']), ['a', '1'])
  assert.deepEqual(plainFields(['a', '1']), ['a', '1'])
})
