import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Allowance, countDue } from '../../../src/connections/pace.ts'

test('those that are due at one time begin one gap after another, the last of them in time', () => {
  const times = [1000, 1000, 1000]
  assert.equal(countDue(times, 799, 100), 0)
  assert.equal(countDue(times, 800, 100), 1)
  assert.equal(countDue(times, 900, 100), 2)
  assert.equal(countDue(times, 1000, 100), 3)
})

test('one that stands alone begins at its time', () => {
  assert.equal(countDue([500, 5000], 499, 100), 0)
  assert.equal(countDue([500, 5000], 500, 100), 1)
  assert.equal(countDue([], 500, 100), 0)
})

test('nobody is late, and while the crowd is foreseen nobody begins within a gap of another', () => {
  const gap = 10
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 2000, max: 4000 }), { maxLength: 100 }), (unsorted) => {
      const waiting = unsorted.sort((a, b) => a - b)
      const begun: number[] = []
      for (let now = 0; waiting.length > 0; now++) {
        for (const time of waiting.splice(0, countDue(waiting, now, gap))) {
          assert.ok(now <= time)
          begun.push(now)
        }
      }
      for (let i = 1; i < begun.length; i++) assert.ok(begun[i]! - begun[i - 1]! >= gap)
    }),
  )
})

test('permits come at their rate, and no more than a second of them is saved', () => {
  const allowance = new Allowance(0)
  const takeAll = () => {
    let taken = 0
    while (allowance.take()) taken++
    return taken
  }
  assert.equal(takeAll(), 1)
  allowance.refill(500, 4)
  assert.equal(takeAll(), 2)
  allowance.refill(60_000, 4)
  assert.equal(takeAll(), 4)
  allowance.refill(60_500, 0.5)
  assert.equal(takeAll(), 0)
  allowance.refill(62_000, 0.5)
  assert.equal(takeAll(), 1)
})
