import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Lifespan } from '../../../src/connections/lifespan.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a limit of 50 requests with a jitter of 0.2 gives each connection 40 to 60', () => {
  const at = (random: number) =>
    new Lifespan({ maxRequests: 50, jitter: 0.2, random: () => random }).drawRequests()
  assert.deepEqual([at(0), at(0.5), at(1 - Number.EPSILON)], [40, 50, 60])
})

test('draws stay within the jitter, and a connection carries at least one request', () => {
  fc.assert(
    fc.property(fraction, fraction, fc.integer({ min: 1, max: 1e6 }), (jitter, random, limit) => {
      const lifespan = new Lifespan({ maxRequests: limit, maxAge: limit, jitter, random: () => random })
      const requests = lifespan.drawRequests()
      const age = lifespan.drawAge(true)
      assert.ok(requests >= 1 && Math.abs(requests - limit) <= limit * jitter + 1e-6)
      assert.ok(age <= limit && age >= limit * (1 - jitter - 1e-12))
    }),
  )
})

test('no limits at all are no limits', () => {
  const lifespan = new Lifespan({ maxAge: 0, maxRequests: 0 })
  assert.equal(lifespan.drawAge(false), Number.POSITIVE_INFINITY)
  assert.equal(lifespan.drawAge(true), Number.POSITIVE_INFINITY)
  assert.equal(lifespan.drawRequests(), Number.POSITIVE_INFINITY)
})

test('connections that are born together leave spread over the whole age', () => {
  fc.assert(
    fc.property(fraction, fc.integer({ min: 2, max: 128 }), (random, count) => {
      const lifespan = new Lifespan({ maxAge: 1000, random: () => random })
      const ages = Array.from({ length: count }, () => lifespan.drawAge(false)).sort((a, b) => a - b)
      assert.ok(ages[0]! > 0 && ages.at(-1)! <= 1000)
      // The golden ratio leaves no gap, the one around the end included, beyond 2.7 times an even one.
      const gaps = ages.map((age, i) => age - (i === 0 ? ages.at(-1)! - 1000 : ages[i - 1]!))
      assert.ok(Math.max(...gaps) <= (2.7 * 1000) / count)
    }),
  )
})

test('a connection is never born past its deadline, however long its dialling took', () => {
  const lifespan = new Lifespan({ maxAge: 1000 })
  assert.ok(lifespan.drawDeadline(0, 5000, false) > 5000)
})

test('looks often enough to be exact for short ages, and no more than once a second for long ones', () => {
  assert.equal(new Lifespan({ maxAge: 1000 }).sweepEvery, 20)
  assert.equal(new Lifespan({ maxAge: 4000 }).sweepEvery, 80)
  assert.equal(new Lifespan({}).sweepEvery, 1000)
  assert.equal(new Lifespan({ idleTimeout: 500 }).sweepEvery, 20)
})
