import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { RetryAfter } from '../../../src/balance/retry-after.ts'
import { RetryBudget } from '../../../src/balance/retry-budget.ts'

function taken(budget: RetryBudget, now: number): number {
  let count = 0
  while (budget.take(now)) count++
  return count
}

test('without requests there are ten retries a second', () => {
  const budget = new RetryBudget(0.2, 0)
  assert.equal(taken(budget, 0), 10)
  assert.equal(taken(budget, 500), 5)
  assert.equal(taken(budget, 60_000), 10)
  assert.equal(budget.granted, 25)
  assert.equal(budget.refused, 3)
})

test('retries are a share of the requests of about the last ten seconds', () => {
  const budget = new RetryBudget(0.2, 0)
  for (let now = 0; now < 60_000; now++) budget.earn(now)
  const burst = taken(budget, 60_000)
  assert.ok(burst > 1_900 && burst < 2_020, `${burst}`)
  let granted = 0
  for (let now = 60_000; now < 70_000; now++) {
    budget.earn(now)
    if (budget.take(now)) granted++
  }
  assert.ok(granted > 1_900 && granted < 2_200, `${granted}`)
})

test('a share of 1 is no limit', () => {
  const budget = new RetryBudget(1, 0)
  for (let index = 0; index < 1_000; index++) assert.equal(budget.take(0), true)
})

test('Retry-After is the time that the servers need for what waits and what was refused, spread at random', () => {
  const retryAfter = new RetryAfter(seededRandom(1), 0)
  for (let index = 0; index < 100; index++) retryAfter.countTaken()
  for (let index = 0; index < 300; index++) retryAfter.countRefused(500)
  const drawn = new Set(Array.from({ length: 200 }, () => retryAfter.seconds(100)))
  assert.deepEqual([...drawn].sort(), [1, 2, 3, 4, 5])
})

test('Retry-After is at least a second and at most half a minute', () => {
  const idle = new RetryAfter(() => 0, 0)
  assert.equal(idle.seconds(0), 1)
  const stuck = new RetryAfter(() => 0.999, 0)
  for (let index = 0; index < 10_000; index++) stuck.countRefused(0)
  assert.equal(stuck.seconds(400), 30)
})
