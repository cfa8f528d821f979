import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Interval, largestBurst, served, timeToEven } from '../../../bench/cases/evenness.ts'

const interval = (atMs: number, requests: number[], connections: number[] = []): Interval => ({
  atMs,
  requests,
  connections,
})

test('what machines have served is added up over a window', () => {
  const intervals = [interval(100, [1, 2]), interval(200, [3, 4]), interval(300, [5, 6])]
  assert.deepEqual(served(intervals, 100, 300), [8, 10])
})

test('load is even from the first window on that only even ones follow', () => {
  const uneven = [100, 200, 300, 400].map((atMs) => interval(atMs, [10, 0]))
  const even = [500, 600, 700].map((atMs) => interval(atMs, [5, 5]))
  assert.equal(timeToEven([...uneven, ...even], 100), 400)
  // A window that only begins uneven is not even yet.
  assert.equal(timeToEven([...uneven, ...even], 200), 400)
})

test('load that is uneven at the end was never even', () => {
  const intervals = [interval(100, [5, 5]), interval(200, [9, 1])]
  assert.equal(timeToEven(intervals, 100), Number.NaN)
})

test('the largest burst is the most connections in one interval, over all machines', () => {
  assert.equal(
    largestBurst([interval(100, [], [1, 2]), interval(200, [], [4, 3]), interval(300, [], [6, 0])]),
    7,
  )
})
