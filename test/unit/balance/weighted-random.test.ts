import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

test('gives each server requests in proportion to its score', () => {
  const { upstream } = upstreamOf({ balance: { algorithm: 'weighted-random' }, weights: [87.5, 12, 0.5] })
  const counts = shares(upstream, 100_000)
  assert.ok(Math.abs(counts[0]! - 87_500) < 600, `${counts}`)
  assert.ok(Math.abs(counts[1]! - 12_000) < 600, `${counts}`)
  assert.ok(Math.abs(counts[2]! - 500) < 120, `${counts}`)
})

test('gives nothing to a score of 0, and to all alike where all are 0', () => {
  const { upstream, apply } = upstreamOf({ balance: { algorithm: 'weighted-random' }, weights: [1, 0, 1] })
  assert.equal(shares(upstream, 1_000)[1], 0)
  apply([0, 0, 0])
  for (const count of shares(upstream, 30_000)) assert.ok(Math.abs(count - 10_000) < 500)
})
