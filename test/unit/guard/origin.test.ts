import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCrossSite, isOwnHost } from '../../../src/guard/origin.ts'

test('an address, localhost and a name that is allowed are own hosts, with any port', () => {
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:9901',
    '[::1]:9901',
    '10.1.2.3:80',
    'localhost',
    'LocalHost:9901',
  ]) {
    assert.equal(isOwnHost(host, []), true, host)
  }
  assert.equal(isOwnHost('gateway.internal:9901', ['gateway.internal']), true)
  assert.equal(isOwnHost('GATEWAY.internal', ['gateway.internal']), true)
})

test('any other name may be pointed here by somebody else', () => {
  const hosts = [
    'evil.example',
    'evil.example:9901',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1@evil.example',
    '[::1',
    '[evil.example]',
    'a b',
    '',
    undefined,
  ]
  for (const host of hosts) assert.equal(isOwnHost(host, ['gateway.internal']), false, String(host))
})

test('what a page of another site asks is told by its browser', () => {
  const host = '127.0.0.1:9901'
  assert.equal(isCrossSite({ host }), false, 'what is no browser says nothing')
  assert.equal(isCrossSite({ host, origin: 'http://127.0.0.1:9901' }), false)
  assert.equal(
    isCrossSite({ host, origin: 'https://127.0.0.1:9901', 'sec-fetch-site': 'same-origin' }),
    false,
  )
  assert.equal(isCrossSite({ host, 'sec-fetch-site': 'none' }), false, 'typed by the user')

  for (const origin of ['http://evil.example', 'http://127.0.0.1:8080', 'null', 'http://127.0.0.1', '']) {
    assert.equal(isCrossSite({ host, origin }), true, origin)
  }
  for (const site of ['cross-site', 'same-site', 'other', ['same-origin', 'cross-site']]) {
    assert.equal(isCrossSite({ host, origin: 'http://127.0.0.1:9901', 'sec-fetch-site': site }), true)
  }
})
