import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

const balance = { algorithm: 'least-request' } as const

test('takes the server with the fewest requests in flight for its weight', () => {
  const { upstream, server } = upstreamOf({ balance, weights: [1, 2, 3] })
  for (let index = 0; index < 60; index++) upstream.tryReserve({})
  assert.deepEqual(
    ['s0', 's1', 's2'].map((name) => server(name).inFlight),
    [10, 20, 30],
  )
})

test('breaks ties at random', () => {
  const { upstream } = upstreamOf({ balance, weights: [1, 1, 1] })
  for (const count of shares(upstream, 30_000)) assert.ok(Math.abs(count - 10_000) < 500)
})

test('keeps many servers close to even by looking at a few', () => {
  const { upstream, clock } = upstreamOf({ balance, weights: Array.from({ length: 1_000 }, () => 1) })
  clock.advance(0)
  assert.equal([...upstream.servers].length, 1_000)
  for (let index = 0; index < 10_000; index++) upstream.tryReserve({})
  const loads = [...upstream.servers].map((server) => server.inFlight)
  assert.ok(Math.max(...loads) <= 12, `the busiest has ${Math.max(...loads)}`)
})
