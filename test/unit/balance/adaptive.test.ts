import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

test('follows the scores where there is no load', () => {
  const { upstream } = upstreamOf({ weights: [60, 30, 10] })
  const [first, second, third] = shares(upstream, 2_000) as [number, number, number]
  assert.ok(Math.abs(first - 1_200) <= 5 && Math.abs(second - 600) <= 5 && Math.abs(third - 200) <= 5)
})

test('follows the scores of more servers than it compares', () => {
  const weights = Array.from({ length: 40 }, (_, index) => (index < 20 ? 3 : 1))
  const { upstream } = upstreamOf({ weights })
  const counts = shares(upstream, 80_000)
  const heavy = counts.slice(0, 20).reduce((sum, count) => sum + count, 0)
  assert.ok(Math.abs(heavy - 60_000) < 1_000, `${heavy}`)
})

test('fills servers in proportion to their scores under load', () => {
  const { upstream, server } = upstreamOf({ weights: [1, 2, 4] })
  for (let index = 0; index < 70; index++) upstream.tryReserve({})
  const loads = ['s0', 's1', 's2'].map((name) => server(name).inFlight)
  for (const [index, weight] of [1, 2, 4].entries()) {
    assert.ok(Math.abs(loads[index]! - weight * 10) <= 1, `${loads}`)
  }
})

test('is not drawn to a server that fails fast: the black hole', () => {
  const { upstream, clock, server } = upstreamOf({ health: { ejection: false }, weights: [1, 1, 1, 1] })
  for (let index = 0; index < 20_000; index++) {
    const reservation = upstream.tryReserve({})!
    const isHole = reservation.server.name === 's0'
    clock.advance(isHole ? 1 : 20)
    reservation.release(isHole ? 'server_error' : 'success', isHole ? 1 : 20)
  }
  const { server_error: errors } = server('s0').outcomes
  assert.ok(errors < 1_000, `${errors} of 20000 requests went to the server that fails`)
  assert.equal(server('s0').latency, 1)
})

test('a failure that is faster than the answers leaves the latency as it is; a slower one raises it', () => {
  const { upstream, server } = upstreamOf({ weights: [1] })
  upstream.tryReserve({})!.release('success', 20)
  upstream.tryReserve({})!.release('server_error', 1)
  assert.equal(server('s0').latency, 20)
  upstream.tryReserve({})!.release('timeout', 1_000)
  assert.ok(server('s0').latency > 20)
})

test('sends less to a server that is slower than the others, and more again once it is not', () => {
  const { upstream, clock, server } = upstreamOf({ weights: [1, 1, 1, 1] })
  const run = (slowMs: number) => {
    for (let index = 0; index < 4_000; index++) {
      const reservation = upstream.tryReserve({})!
      clock.advance(5)
      reservation.release('success', reservation.server.name === 's0' ? slowMs : 10)
    }
  }
  run(100)
  const slow = upstream.explain(server('s0'))
  assert.ok(slow.share < 0.25, `share ${slow.share}`)
  assert.ok(slow.kappa < 0.5, `kappa ${slow.kappa}`)
  run(10)
  run(10)
  run(10)
  assert.ok(upstream.explain(server('s0')).share > 0.6, `share ${upstream.explain(server('s0')).share}`)
})

test('compares latencies within a class of routes', () => {
  const { upstream, clock, server } = upstreamOf({ weights: [1, 1] })
  for (let index = 0; index < 4_000; index++) {
    const reservation = upstream.tryReserve({ routeClass: index % 10 === 0 ? 'reports' : 'pages' })!
    clock.advance(5)
    // Every report falls to whoever is next; it takes a hundred times as long as a page, on any server.
    reservation.release('success', index % 10 === 0 ? 1_000 : 10)
  }
  const [first, second] = [server('s0').latency, server('s1').latency]
  assert.ok(first / second > 0.8 && first / second < 1.25, `${first} and ${second}`)
})

test('explains what speaks for and against a server', () => {
  const { upstream, server } = upstreamOf({ weights: [8, 2] })
  const reservation = upstream.tryReserve({})!
  const why = upstream.explain(reservation.server)
  assert.equal(why.algorithm, 'adaptive')
  assert.equal(why.inFlight, 1)
  assert.equal(why.state, 'active')
  assert.equal(upstream.explain(server('s1')).score, 2)
})
