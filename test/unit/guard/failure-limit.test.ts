import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureLimit } from '../../../src/guard/failure-limit.ts'
import { bearerToken, isSameToken } from '../../../src/guard/token.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

test('an address that has failed too often waits until its window is over', () => {
  const clock = new FakeClock()
  const limit = new FailureLimit({ most: 3, windowMs: 10_000, clock })
  for (let count = 0; count < 3; count++) {
    assert.equal(limit.waitSeconds('a'), 0)
    limit.count('a')
    clock.advance(1_000)
  }
  assert.equal(limit.waitSeconds('a'), 7)
  assert.equal(limit.waitSeconds('b'), 0, 'nobody else waits')
  clock.advance(7_000)
  assert.equal(limit.waitSeconds('a'), 0)
  limit.count('a')
  assert.equal(limit.waitSeconds('a'), 0, 'it begins anew')
})

test('it remembers so many addresses and no more', () => {
  const limit = new FailureLimit({ most: 1, maxAddresses: 2, clock: new FakeClock() })
  for (const address of ['a', 'b', 'c']) limit.count(address)
  assert.deepEqual(
    ['a', 'b', 'c'].map((address) => limit.waitSeconds(address) > 0),
    [false, true, true],
  )
})

test('a token is read from its field, and compared whole', () => {
  assert.equal(bearerToken('Bearer abc'), 'abc')
  assert.equal(bearerToken('bearer  abc '), 'abc')
  for (const field of [undefined, '', 'abc', 'Basic abc', 'Bearer', 'Bearer a b']) {
    assert.equal(bearerToken(field), undefined)
  }
  assert.equal(isSameToken('abc', 'abc'), true)
  for (const other of ['', 'ab', 'abd', 'abcd', 'ABC']) assert.equal(isSameToken('abc', other), false)
})
