import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { imbalance, median, percentile, spread } from '../../../bench/statistics.ts'

const numbers = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 })

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(median([]), Number.NaN)
})

test('a percentile is a value that was measured, and no more than its share lies above it', () => {
  fc.assert(
    fc.property(numbers, fc.double({ noNaN: true, min: 0, max: 1 }), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b)
      const found = percentile(sorted, share)
      assert.ok(sorted.includes(found))
      const above = sorted.filter((value) => value > found).length
      assert.ok(above <= (1 - share) * sorted.length + 1e-9)
    }),
  )
})

test('the 99th percentile of a hundred values is the last but one', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  assert.equal(percentile(values, 0.99), 99)
  assert.equal(percentile(values, 1), 100)
  assert.equal(percentile(values, 0), 1)
  assert.equal(percentile([], 0.5), Number.NaN)
})

test('the spread of rounds is relative to their median', () => {
  assert.equal(spread([9, 10, 11]), 0.2)
})

test('an even load has imbalance 1, and one machine of four that does everything has 4', () => {
  assert.equal(imbalance([5, 5, 5, 5]), 1)
  assert.equal(imbalance([8, 0, 0, 0]), 4)
})
