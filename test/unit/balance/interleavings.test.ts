import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { VirtualClock } from '../../../bench/simulation/virtual-clock.ts'
import type { AlgorithmName } from '../../../src/balance/algorithm.ts'
import type { Reservation } from '../../../src/balance/reservation.ts'
import type { Outcome } from '../../../src/balance/server.ts'
import { Upstream } from '../../../src/balance/upstream.ts'
import { serverSpec } from '../../helpers/upstream.ts'

const algorithms: AlgorithmName[] = ['adaptive', 'weighted-random', 'round-robin', 'least-request', 'hash']
const outcomes: Outcome[] = ['success', 'server_error', 'timeout', 'connect_failed', 'aborted', 'unused']
const priorities = ['critical', 'normal', 'sheddable', undefined] as const
const stepsEach = 200_000

interface Pool {
  open: boolean
}

for (const algorithm of algorithms) {
  test(`${stepsEach} random steps with ${algorithm} leave every counter at zero`, async () => {
    const random = seededRandom(algorithm.length)
    const clock = new VirtualClock()
    let openPools = 0
    let ejections = 0
    const upstream = new Upstream<Pool>({
      name: 'app',
      balance: { algorithm },
      limits: { maxInFlight: 3, queue: 12, queueTimeout: 20 },
      openPool: () => {
        openPools++
        return { open: true }
      },
      closePool: (pool) => {
        assert.equal(pool.open, true, 'a pool is closed once')
        pool.open = false
        openPools--
      },
      onEvent: ({ type }) => {
        if (type === 'ejected') ejections++
      },
      clock,
      random,
    })
    const held: Reservation<Pool>[] = []
    const clients = new Set<AbortController>()
    let waiting = 0
    let granted = 0
    let released = 0

    const pickOne = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!
    const hold = (reservation: Reservation<Pool>) => {
      granted++
      assert.ok(reservation.server.inFlight <= reservation.server.limit)
      if (random() < 0.5) assert.ok(reservation.server.pool)
      held.push(reservation)
    }
    const reserve = (avoid: Reservation<Pool>['server'][]) => {
      const context = { hashKey: `k${Math.floor(random() * 9)}`, priority: pickOne(priorities), avoid }
      let reservation: Reservation<Pool> | undefined
      try {
        reservation = upstream.tryReserve(context)
      } catch {
        return
      }
      if (reservation !== undefined) return hold(reservation)
      const client = new AbortController()
      clients.add(client)
      waiting++
      upstream
        .wait(context, client.signal)
        .then(hold, () => {})
        .finally(() => {
          waiting--
          clients.delete(client)
        })
    }
    const release = () => {
      if (held.length === 0) return
      const index = Math.floor(random() * held.length)
      const reservation = held[index]!
      held[index] = held.at(-1)!
      held.pop()
      released++
      const outcome = pickOne(outcomes)
      reservation.release(outcome, random() < 0.5 ? random() * 50 : undefined)
      if (random() < 0.1) reservation.release('success')
      if (outcome === 'server_error' && upstream.mayRetry(outcome)) reserve([reservation.server])
    }
    const apply = () => {
      const specs = Array.from({ length: 6 }, (_, index) =>
        serverSpec(`s${index}`, Math.floor(random() * 4), { draining: random() < 0.15 }),
      )
      const listed = random() < 0.05 ? 0 : 0.8
      upstream.apply(specs.filter(() => random() < listed))
    }

    apply()
    for (let step = 0; step < stepsEach; step++) {
      const kind = random()
      if (kind < 0.42) reserve([])
      else if (kind < 0.8) release()
      else if (kind < 0.83) pickOne([...clients, undefined])?.abort()
      else if (kind < 0.836) apply()
      else {
        const until = clock.now() + random() * 10
        clock.setTimeout(() => {}, until - clock.now())
        while (clock.step(until));
      }
      if (waiting > 0 && random() < 0.5) await undefined
    }

    while (held.length > 0 || waiting > 0) {
      release()
      clock.step(Number.POSITIVE_INFINITY)
      await new Promise(setImmediate)
    }
    assert.equal(released, granted)
    const { queue_full, queue_timeout, displaced, no_server } = upstream.shed
    for (const count of [queue_full, queue_timeout, displaced, no_server, upstream.abandoned, ejections]) {
      assert.ok(
        count > 10,
        `every path was taken: ${JSON.stringify({ ...upstream.shed, gone: upstream.abandoned, ejections, granted })}`,
      )
    }
    assert.equal(upstream.inFlight, 0)
    assert.equal(upstream.queueDepth, 0)
    for (const server of upstream.servers) {
      assert.equal(server.inFlight, 0)
      assert.notEqual(server.state, 'removed')
      if (server.openedPool !== undefined) assert.equal(server.openedPool.open, server.state === 'active')
    }
    upstream.close()
    assert.equal(openPools, 0)
  })
}
