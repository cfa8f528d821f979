import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reading, trends } from '../../../bench/soak/verdict.ts'

function readings(count: number, heapAt: (index: number) => number): Reading[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: index * 5_000,
    rssBytes: 200e6,
    heapBytes: heapAt(index),
    handles: 30 + (index % 7),
    fileDescriptors: 60 + (index % 5),
    loopDelayMs: 10,
    requests: index * 100,
    errors: 0,
  }))
}

test('a heap that gathers and is collected does not grow', () => {
  assert.deepEqual(trends(readings(60, (index) => 50e6 + (index % 6) * 10e6)), [])
})

test('a heap of which more is left after each collection grows, and is named', () => {
  const [found, ...others] = trends(readings(60, (index) => 50e6 + (index % 6) * 10e6 + index * 1e6))
  assert.match(found ?? '', /^heap grows/)
  assert.deepEqual(others, [])
})

test('what fills up at the beginning and then stays is no trend', () => {
  assert.deepEqual(trends(readings(60, (index) => 50e6 + Math.min(index, 20) * 5e6)), [])
})

test('a few readings are no basis for a verdict', () => {
  assert.deepEqual(trends(readings(10, (index) => 50e6 * (index + 1))), [])
})
