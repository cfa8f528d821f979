import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agedScore, smoothedWeight } from '../../../src/balance/score.ts'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

test('a score goes to the median by halves once it is old', () => {
  assert.equal(agedScore(100, 40, 10_000), 100)
  assert.equal(agedScore(100, 40, 40_000), 70)
  assert.equal(agedScore(100, 40, 70_000), 55)
  assert.equal(agedScore(10, 40, 40_000), 25)
})

test('an explicit 0 stays 0, however old', () => {
  assert.equal(agedScore(0, 40, 1_000_000), 0)
})

test('a weight follows its score over some seconds, but from and to 0 at once', () => {
  assert.equal(smoothedWeight(0, 50, 0), 50)
  assert.equal(smoothedWeight(50, 0, 1), 0)
  const halfway = smoothedWeight(100, 50, 2_000)
  assert.ok(halfway > 60 && halfway < 80)
})

test('scores that jump with every list do not swing the traffic', () => {
  const { upstream, clock, apply } = upstreamOf({ weights: [50, 50] })
  const seen: number[] = []
  for (let frame = 0; frame < 40; frame++) {
    apply(frame % 2 === 0 ? [80, 20] : [20, 80])
    for (let step = 0; step < 20; step++) {
      clock.advance(100)
      const [first] = shares(upstream, 50) as [number, number]
      if (frame > 10) seen.push(first / 50)
    }
  }
  assert.ok(Math.min(...seen) > 0.3 && Math.max(...seen) < 0.7, `${Math.min(...seen)} ${Math.max(...seen)}`)
})

test('a score of 0 drains at once, and serves again at once', () => {
  const { upstream, clock, apply } = upstreamOf({ weights: [50, 50] })
  apply([50, 0])
  assert.equal(shares(upstream, 100)[1], 0)
  clock.advance(1_000)
  apply([50, 50])
  assert.ok(shares(upstream, 100)[1]! > 40)
})

test('old scores lose their say: after minutes all serve nearly alike', () => {
  let ageMs = 0
  const { upstream, clock } = upstreamOf({
    weights: [90, 50, 10],
    scoreAge: () => ageMs,
    balance: { algorithm: 'weighted-random' },
  })
  assert.ok(shares(upstream, 9_000)[2]! < 900)
  ageMs = 190_000
  clock.advance(1_000)
  assert.ok(shares(upstream, 9_000)[2]! > 2_700)
})
