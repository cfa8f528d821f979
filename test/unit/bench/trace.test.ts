import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceOf } from '../../../bench/load/trace.ts'

test('one seed gives one trace, and another another', () => {
  const options = { rate: 500, seconds: 2, workMs: 20 }
  assert.deepEqual(traceOf({ ...options, seed: 1 }), traceOf({ ...options, seed: 1 }))
  assert.notDeepEqual(traceOf({ ...options, seed: 1 }), traceOf({ ...options, seed: 2 }))
})

test('a trace has the rate and the mean work that were asked for', () => {
  const trace = traceOf({ rate: 1000, seconds: 20, seed: 5, workMs: 20 })
  const work = trace.reduce((sum, { workMs }) => sum + workMs, 0) / trace.length
  assert.ok(Math.abs(trace.length - 20_000) < 600, `${trace.length} requests`)
  assert.ok(Math.abs(work - 20) < 0.6, `${work} ms`)
})

test('an even trace has equal distances and ends in time', () => {
  const trace = traceOf({ rate: 100, seconds: 0.1, seed: 1, isEven: true })
  assert.deepEqual(
    trace.map(({ atMs }) => Math.round(atMs)),
    [10, 20, 30, 40, 50, 60, 70, 80, 90],
  )
})
