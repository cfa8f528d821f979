import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalizeHost, serverName } from '../../../src/discovery/host.ts'

test('takes host names and addresses, each in one way of writing', () => {
  assert.equal(normalizeHost('Worker-1.Internal.'), 'worker-1.internal')
  assert.equal(normalizeHost('app_worker_1'), 'app_worker_1')
  assert.equal(normalizeHost('10.0.0.1'), '10.0.0.1')
  assert.equal(normalizeHost('[2001:DB8:0::1]'), '2001:db8::1')
  assert.equal(normalizeHost('::1'), '::1')
})

for (const text of [
  '',
  '.',
  'a..b',
  '-a',
  'a-',
  'a b',
  'a/b',
  'a:80',
  'user@host',
  'a\r\nb',
  'a\0',
  'ü',
  '127.1',
  '2130706433',
  '0x7f.1',
  'host.0x1',
  '1.2.3.256',
  '[10.0.0.1]',
  'fe80::1%eth0',
  'x'.repeat(64),
  `${'x'.repeat(60)}.`.repeat(5),
]) {
  test(`refuses ${JSON.stringify(text).slice(0, 40)} as a host`, () => {
    assert.equal(normalizeHost(text), undefined)
  })
}

test('what it takes is a host that a URL keeps as it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
      const host = normalizeHost(text)
      if (host === undefined) return
      assert.equal(new URL(`http://${serverName(host, 5_000)}`).host, serverName(host, 5_000))
      assert.equal(normalizeHost(host), host)
    }),
    { numRuns: 500 },
  )
})
