import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { serverSpecs, upstreamOf } from '../../helpers/upstream.ts'

const balance = { algorithm: 'hash' } as const
const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)

function placesOf(upstream: ReturnType<typeof upstreamOf>['upstream']): string[] {
  return keys.map((hashKey) => {
    const reservation = upstream.tryReserve({ hashKey })!
    reservation.release('success')
    return reservation.server.name
  })
}

test('sends a key to the same server each time, in every gateway', () => {
  const here = placesOf(upstreamOf({ balance, weights: [1, 1, 1, 1, 1] }).upstream)
  const there = upstreamOf({ balance, weights: [1, 1, 1, 1, 1], random: seededRandom(99) }).upstream
  assert.deepEqual(placesOf(there), here)
})

test('does not depend on the order of the list', () => {
  const { upstream } = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  const before = placesOf(upstream)
  upstream.apply(serverSpecs([1, 1, 1, 1]).reverse())
  assert.deepEqual(placesOf(upstream), before)
})

for (const count of [5, 100]) {
  test(`a server that leaves ${count} moves its own keys and no others`, () => {
    const { upstream, clock } = upstreamOf({ balance, weights: Array.from({ length: count }, () => 1) })
    clock.advance(0)
    const before = placesOf(upstream)
    upstream.apply(serverSpecs(Array.from({ length: count }, () => 1)).filter(({ name }) => name !== 's3'))
    clock.advance(0)
    const after = placesOf(upstream)
    let moved = 0
    before.forEach((name, index) => {
      if (name === 's3') moved++
      else assert.equal(after[index], name)
    })
    assert.ok(moved > (0.6 * keys.length) / count && moved < (1.5 * keys.length) / count, `${moved}`)
  })
}

test('spreads keys evenly, and by weight', () => {
  const even = placesOf(upstreamOf({ balance, weights: Array.from({ length: 10 }, () => 1) }).upstream)
  for (let index = 0; index < 10; index++) {
    const count = even.filter((name) => name === `s${index}`).length
    assert.ok(count > 1_500 && count < 2_600, `${count} of 2000`)
  }
  const weighted = placesOf(upstreamOf({ balance, weights: [1, 2, 4, 1, 2, 4, 1, 2, 4, 1] }).upstream)
  const heavy = weighted.filter((name) => ['s2', 's5', 's8'].includes(name)).length
  assert.ok(Math.abs(heavy / keys.length - 12 / 22) < 0.06, `${heavy}`)
})

test('a score that moves a little moves no keys', () => {
  const { upstream, clock, apply } = upstreamOf({ balance, weights: [50, 50, 50] })
  const before = placesOf(upstream)
  apply([45, 55, 52])
  clock.advance(30_000)
  assert.deepEqual(placesOf(upstream), before)
})

test('a hot key does not drown its server: beyond the bound it goes on to the next', () => {
  const { upstream, server } = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  for (let index = 0; index < 200; index++) upstream.tryReserve({ hashKey: 'hot' })
  const loads = ['s0', 's1', 's2', 's3'].map((name) => server(name).inFlight)
  assert.ok(Math.max(...loads) <= 63, `${loads}`)
})

test('a key goes on to its next server when its own is full, and comes back', () => {
  const { upstream } = upstreamOf({ balance, limits: { maxInFlight: 1 } })
  const home = upstream.tryReserve({ hashKey: 'a' })!
  const next = upstream.tryReserve({ hashKey: 'a' })!
  assert.notEqual(next.server, home.server)
  home.release('success')
  assert.equal(upstream.tryReserve({ hashKey: 'a' })!.server, home.server)
})

test('a request without a key goes where there is least to do', () => {
  const { upstream, server } = upstreamOf({ balance })
  for (let index = 0; index < 30; index++) upstream.tryReserve({})
  for (const name of ['s0', 's1', 's2']) assert.equal(server(name).inFlight, 10)
})
