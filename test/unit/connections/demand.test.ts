import assert from 'node:assert/strict'
import test from 'node:test'
import { Demand } from '../../../src/connections/demand.ts'

const never = Number.POSITIVE_INFINITY

function use(demand: Demand, count: number): void {
  for (let i = 0; i < count; i++) demand.rise()
  for (let i = 0; i < count; i++) demand.fall()
}

test('remembers the peak for the window, and forgets it soon after', () => {
  const demand = new Demand(1000, never, 0)
  use(demand, 7)
  demand.turn(1000)
  assert.equal(demand.peak, 7)
  demand.turn(1250)
  assert.equal(demand.peak, 0)
})

test('what is in use now counts in every part of the window', () => {
  const demand = new Demand(1000, never, 0)
  demand.rise()
  demand.rise()
  demand.turn(10_000_000)
  assert.equal(demand.peak, 2)
  assert.equal(demand.inUse, 2)
  demand.fall()
  demand.turn(20_000_000)
  assert.equal(demand.peak, 1)
})

test('the load of late is that of a part or two of the window', () => {
  const demand = new Demand(1000, never, 0)
  use(demand, 5)
  demand.turn(250)
  assert.equal(demand.recentPeak, 5)
  demand.turn(500)
  assert.equal(demand.recentPeak, 0)
  assert.equal(demand.peak, 5)
})

test('where connections live for less than the window, the load of late is that of less than their lives', () => {
  const demand = new Demand(60_000, 1000, 0)
  use(demand, 5)
  demand.turn(250)
  assert.equal(demand.recentPeak, 5)
  demand.turn(500)
  assert.equal(demand.recentPeak, 0)
  demand.turn(60_000)
  assert.equal(demand.peak, 5)
  demand.turn(60_250)
  assert.equal(demand.peak, 0)
})

test('without a window nothing is forgotten', () => {
  const demand = new Demand(0, never, 0)
  use(demand, 3)
  demand.turn(Number.MAX_SAFE_INTEGER)
  assert.equal(demand.peak, 3)
})
