import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamOf } from '../../helpers/upstream.ts'

type Made = ReturnType<typeof upstreamOf>

/** So many requests, 1 ms apart; those to the failing servers fail. */
function run({ upstream, clock }: Made, requests: number, failing: readonly string[]): void {
  for (let index = 0; index < requests; index++) {
    const reservation = upstream.tryReserve({})!
    clock.advance(1)
    const isFailing = failing.includes(reservation.server.name)
    reservation.release(isFailing ? 'server_error' : 'success', 1)
  }
}

const balance = { algorithm: 'round-robin', slowStart: 0 } as const
const ejectionsOf = ({ events }: Made) => events.filter(({ type }) => type === 'ejected')

test('a server is ejected after five failures in a row, for 2 s', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  run(made, 30, ['s0'])
  assert.deepEqual(ejectionsOf(made), [
    { type: 'ejected', upstream: 'app', server: 's0', reason: 'consecutive_failures', forMs: 2_000 },
  ])
  assert.equal(made.server('s0').outcomes.server_error, 5)
  assert.equal(made.server('s0').ejections.consecutive_failures, 1)
  assert.equal(made.upstream.explain(made.server('s0')).state, 'ejected')
})

test('it is let back in on trial: one more failure doubles the time, up to 30 s', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  run(made, 140_000, ['s0'])
  const times = ejectionsOf(made).map(({ forMs }) => forMs)
  assert.deepEqual(times.slice(0, 7), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(made.server('s0').outcomes.server_error, 5 + times.length - 1)
})

test('a server that has recovered serves again', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  run(made, 30, ['s0'])
  run(made, 4_000, [])
  assert.deepEqual(
    made.events.map(({ type }) => type).filter((type) => type !== 'joined'),
    ['ejected', 'readmitted'],
  )
  assert.ok(made.server('s0').outcomes.success > 300)
})

test('a server that fails more than half as often again as it succeeds is ejected by its success rate', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  for (let index = 0; index < 800; index++) {
    const reservation = made.upstream.tryReserve({})!
    made.clock.advance(1)
    const isFailing = reservation.server.name === 's0' && made.server('s0').failuresInARow < 3
    reservation.release(isFailing ? 'timeout' : 'success', 1)
  }
  assert.equal(ejectionsOf(made)[0]?.reason, 'success_rate')
})

test('no more than 30 % are out at once', () => {
  const made = upstreamOf({ balance, weights: Array.from({ length: 10 }, () => 1) })
  run(made, 1_000, ['s0', 's1', 's2', 's3'])
  const out = [...made.upstream.servers].filter((server) => server.isEjected())
  assert.equal(out.length, 3)
})

test('of two servers one may be out, and of one none', () => {
  const two = upstreamOf({ balance, weights: [1, 1] })
  run(two, 100, ['s0'])
  assert.equal(two.server('s0').isEjected(), true)
  const one = upstreamOf({ balance, weights: [1] })
  run(one, 100, ['s0'])
  assert.equal(one.server('s0').isEjected(), false)
})

test('nobody is ejected where all fail: the fault lies elsewhere', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1, 1] })
  for (let index = 0; index < 2_000; index++) {
    const reservation = made.upstream.tryReserve({})!
    made.clock.advance(1)
    reservation.release(index % 4 < 2 ? 'server_error' : 'success', 1)
  }
  run(made, 500, ['s0', 's1', 's2', 's3'])
  const out = [...made.upstream.servers].filter((server) => server.isEjected())
  assert.ok(out.length <= 1)
  assert.equal(made.upstream.isPanicking, false)
})

test('ejection can be turned off', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1], health: { ejection: false } })
  run(made, 1_000, ['s0'])
  assert.deepEqual(ejectionsOf(made), [])
})

test('a client that leaves does not speak against the server', () => {
  const made = upstreamOf({ balance, weights: [1, 1, 1] })
  for (let index = 0; index < 300; index++) made.upstream.tryReserve({})!.release('aborted', 1)
  assert.deepEqual(ejectionsOf(made), [])
  assert.equal(made.server('s0').successRate, 1)
})
