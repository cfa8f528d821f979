import assert from 'node:assert/strict'
import test from 'node:test'
import { isRequestId, isTraceParent, newTraceParent, requestIds } from '../../../src/edge/request-id.ts'
import { clientAddress, trustPeers } from '../../../src/edge/trust.ts'

test('request identifiers are unique, among generators too', () => {
  const [one, other] = [requestIds(), requestIds()]
  const all = Array.from({ length: 2000 }, (_, index) => (index % 2 === 0 ? one() : other()))
  assert.equal(new Set(all).size, all.length)
  assert.ok(all.every(isRequestId))
})

test('an identifier that is not safe in a log is not passed on', () => {
  for (const text of ['', 'a b', 'a"b', 'a\nb', 'ä', 'x'.repeat(129)])
    assert.equal(isRequestId(text), false, text)
})

test('new traces are valid and differ', () => {
  const all = Array.from({ length: 1000 }, newTraceParent)
  assert.equal(new Set(all).size, all.length)
  assert.ok(all.every(isTraceParent))
})

test('traceparent is read as W3C Trace Context says', () => {
  const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'
  for (const good of [`00-${ids}-01`, `01-${ids}-00`, `01-${ids}-00-more`])
    assert.ok(isTraceParent(good), good)
  const bad = [
    '',
    `ff-${ids}-01`,
    `00-${ids}-01-more`,
    `00-${ids}`,
    `00-${ids.toUpperCase()}-01`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    `00-${ids}-01, 00-${ids}-01`,
  ]
  for (const text of bad) assert.equal(isTraceParent(text), false, text)
})

test('the client is the last hop that no trusted proxy wrote for itself', () => {
  const trust = trustPeers(['10.0.0.0/8', '2001:db8::/32'])
  assert.equal(clientAddress('192.0.2.9', '10.0.0.1', trust), '192.0.2.9')
  assert.equal(clientAddress('10.0.0.1', '192.0.2.1, 192.0.2.2, 10.0.0.2', trust), '192.0.2.2')
  assert.equal(clientAddress('10.0.0.1', '192.0.2.1, nonsense', trust), '10.0.0.1')
  assert.equal(clientAddress('10.0.0.1', undefined, trust), '10.0.0.1')
  assert.equal(clientAddress('2001:db8::1', '192.0.2.1', trust), '192.0.2.1')
})
