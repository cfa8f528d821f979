import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backoff } from '../../../src/discovery/backoff.ts'

test('doubles the bound of the delay from 1 s up to 60 s', () => {
  const backoff = new Backoff({ random: () => 1 })
  const delays = Array.from({ length: 8 }, () => backoff.next())
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
})

test('draws each delay from the whole interval below the bound', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
        minLength: 1,
        maxLength: 40,
      }),
      (draws) => {
        let turn = 0
        const backoff = new Backoff({ random: () => draws[turn]! })
        for (; turn < draws.length; turn++) {
          assert.equal(backoff.next(), draws[turn]! * Math.min(60_000, 1_000 * 2 ** turn))
        }
      },
    ),
  )
})

test('begins anew after a reset', () => {
  const backoff = new Backoff({ first: 10, last: 100, random: () => 1 })
  for (let turn = 0; turn < 6; turn++) backoff.next()
  backoff.reset()
  assert.deepEqual([backoff.next(), backoff.next()], [10, 20])
})
