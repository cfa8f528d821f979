import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartDelay } from '../../../src/workers/restart-delay.ts'

test('a worker that has served is missed at once; one that dies again and again waits longer each time', () => {
  const delay = new RestartDelay()
  const delays = Array.from({ length: 10 }, () => delay.next(1_000))
  assert.deepEqual(delays, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('one that never came to serve is not started again at once', () => {
  assert.equal(new RestartDelay().next(0), 250)
})

test('whoever has served for a minute begins anew', () => {
  const delay = new RestartDelay()
  for (let death = 0; death < 5; death++) delay.next(1_000)
  assert.equal(delay.next(60_000), 0)
  assert.equal(delay.next(1_000), 250)
})
