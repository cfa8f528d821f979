import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

const balance = { algorithm: 'round-robin' } as const

test('gives each server exactly its weight, within one request of a cycle', () => {
  const weights = [5, 1, 1, 3]
  const { upstream } = upstreamOf({ balance, weights })
  const counts = shares(upstream, 10_000)
  weights.forEach((weight, index) => {
    assert.ok(Math.abs(counts[index]! - weight * 1_000) <= 3, `${counts}`)
  })
})

test('takes equal servers strictly in turn', () => {
  const { upstream } = upstreamOf({ balance, weights: [1, 1, 1] })
  const order: string[] = []
  for (let index = 0; index < 9; index++) {
    const reservation = upstream.tryReserve({})!
    order.push(reservation.server.name)
    reservation.release('success')
  }
  assert.equal(new Set(order.slice(0, 3)).size, 3)
  assert.deepEqual(order.slice(3, 6), order.slice(0, 3))
  assert.deepEqual(order.slice(6, 9), order.slice(0, 3))
})

test('mixes weights well: the heavy server does not come in a block', () => {
  const { upstream } = upstreamOf({ balance, weights: [4, 1, 1, 1, 1] })
  let run = 0
  let longest = 0
  for (let index = 0; index < 800; index++) {
    const reservation = upstream.tryReserve({})!
    run = reservation.server.name === 's0' ? run + 1 : 0
    longest = Math.max(longest, run)
    reservation.release('success')
  }
  assert.equal(longest, 1)
})

test('begins anywhere, so that gateways that start together do not all begin with one server', () => {
  const first = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    const { upstream } = upstreamOf({ balance, random: seededRandom(seed) })
    first.add(upstream.tryReserve({})!.server.name)
  }
  assert.equal(first.size, 3)
})

test('passes over a full server, and takes it in turn again when it has room', () => {
  const { upstream } = upstreamOf({ balance, weights: [1, 1], limits: { maxInFlight: 1 } })
  const first = upstream.tryReserve({})!
  const second = upstream.tryReserve({})!
  assert.notEqual(first.server, second.server)
  assert.equal(upstream.tryReserve({}), undefined)
  first.release('success')
  assert.equal(upstream.tryReserve({})!.server, first.server)
})
