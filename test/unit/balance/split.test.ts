import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { Split } from '../../../src/balance/split.ts'

test('any run as long as the sum of the weights is split exactly', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }),
      fc.integer(),
      fc.nat(100),
      (weights, seed, skipped) => {
        const isAlike = weights.every((weight) => weight === 0)
        const expected = isAlike ? weights.map(() => 1) : weights
        const parts = weights.map((weight, target) => ({ target, weight }))
        const split = new Split(parts, seededRandom(seed))
        for (let skip = 0; skip < skipped; skip++) split.next()
        const counts = weights.map(() => 0)
        const run = expected.reduce((sum, weight) => sum + weight, 0)
        for (let index = 0; index < run; index++) counts[split.next()]!++
        assert.deepEqual(counts, expected)
      },
    ),
  )
})

test('a canary of 5 % gets every twentieth request', () => {
  const split = new Split(
    [
      { target: 'app', weight: 95 },
      { target: 'canary', weight: 5 },
    ],
    seededRandom(1),
  )
  const places: number[] = []
  for (let index = 0; index < 1_000; index++) if (split.next() === 'canary') places.push(index)
  assert.equal(places.length, 50)
  for (let index = 1; index < places.length; index++) assert.equal(places[index]! - places[index - 1]!, 20)
})

test('gateways start at different points', () => {
  const first = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    first.add(
      new Split(
        ['a', 'b', 'c'].map((target) => ({ target, weight: 1 })),
        seededRandom(seed),
      ).next(),
    )
  }
  assert.equal(first.size, 3)
})
