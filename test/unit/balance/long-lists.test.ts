import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../bench/simulation/virtual-clock.ts'
import type { AlgorithmName } from '../../../src/balance/algorithm.ts'
import type { UpstreamOptions } from '../../../src/balance/options.ts'
import type { ServerSpec } from '../../../src/balance/server.ts'
import { type FakePool, serverSpec, upstreamOf } from '../../helpers/upstream.ts'

const algorithms: AlgorithmName[] = ['adaptive', 'weighted-random', 'round-robin', 'least-request', 'hash']
/** Servers that are taken in or let go in one turn of the event loop. */
const most = 64

function specsFrom(first: number, count: number, weight = (index: number) => 1 + (index % 7)): ServerSpec[] {
  return Array.from({ length: count }, (_, index) =>
    serverSpec(`s${first + index}`, weight(first + index), { port: 1000 + first + index }),
  )
}

/** An upstream whose turns of the event loop are taken one by one. */
function turning(options: Partial<UpstreamOptions<FakePool>> = {}) {
  const clock = new VirtualClock()
  const subject = upstreamOf({ ...options, clock, weights: [] })
  /** The rest of a list, with something to be done before each turn. */
  const finish = (before: () => void = () => {}) => {
    let turns = 0
    for (before(); clock.step(clock.now()); before()) turns++
    return turns
  }
  return { ...subject, clock, finish, names: () => [...subject.upstream.servers].map(({ name }) => name) }
}

test('a long list is applied some servers at a time, those that join and those that leave', () => {
  const { upstream, events, names, finish } = turning()
  let told = 0
  const look = () => {
    assert.ok(events.length - told <= most, `${events.length - told} servers in one turn`)
    told = events.length
  }
  upstream.apply(specsFrom(0, 10_000))
  assert.equal(events.length, most, 'the first turn is taken at once')
  assert.equal(finish(look), Math.ceil(10_000 / most) - 1)
  assert.equal(names().length, 10_000)

  upstream.apply(specsFrom(5_000, 10_000))
  finish(look)
  assert.deepEqual(
    names(),
    specsFrom(5_000, 10_000).map(({ name }) => name),
  )
  upstream.apply([])
  finish(look)
  assert.deepEqual(names(), [])
  assert.equal(events.filter(({ type }) => type === 'removed').length, 15_000)
})

test('a short list is applied at once and whole', () => {
  const { upstream, clock, names } = turning()
  upstream.apply(specsFrom(0, most))
  upstream.apply(specsFrom(most / 2, most / 2))
  assert.equal(names().length, most / 2)
  assert.equal(clock.step(clock.now()), false)
})

for (const algorithm of algorithms) {
  test(`while a long list is applied, ${algorithm} finds a server for each request, and all is well after it`, () => {
    const { upstream, server, names, finish } = turning({
      balance: { algorithm, slowStart: 0 },
      limits: { maxInFlight: 4 },
    })
    let picks = 0
    let chosen = new Set<string>()
    const pick = (allowed: ReadonlySet<string>) => {
      for (let request = 0; request < 100; request++) {
        const reservation = upstream.tryReserve({ hashKey: `key ${request}` })
        assert.ok(reservation, 'a request finds a server')
        assert.ok(allowed.has(reservation.server.name))
        chosen.add(reservation.server.name)
        reservation.release('success', 5)
        picks++
      }
    }
    const namesOf = (specs: readonly ServerSpec[]) => new Set(specs.map(({ name }) => name))
    const before = specsFrom(0, 2_000)
    const after = specsFrom(1_000, 2_000)
    upstream.apply(before)
    finish(() => pick(namesOf(before)))
    const held = upstream.tryReserve({})!
    const survivor = server('s1500')
    survivor.outcomes.success += 1_000_000

    upstream.apply(after)
    finish(() => pick(new Set([...namesOf(before), ...namesOf(after)])))
    chosen = new Set()
    for (let round = 0; round < 30; round++) pick(namesOf(after))
    assert.equal(server('s1500'), survivor)
    assert.ok(survivor.outcomes.success >= 1_000_000)
    held.release('success')
    assert.deepEqual(new Set(names()), namesOf(after))
    assert.equal(upstream.inFlight, 0)
    assert.ok(picks > 3_000)
    assert.ok(
      [...chosen].some((name) => Number(name.slice(1)) >= 2_000),
      'those who are new are chosen too',
    )
  })
}

test('from scores to none and back, somebody serves in every turn', () => {
  const { upstream, finish } = turning({ limits: { maxInFlight: 4 } })
  const serve = () => upstream.tryReserve({})!.release('success')
  for (const weight of [(index: number) => 1 + index, () => 0, (index: number) => index % 2]) {
    upstream.apply(specsFrom(0, 1_000, weight))
    finish(serve)
  }
  assert.deepEqual(
    Array.from(upstream.servers, ({ share }) => share),
    specsFrom(0, 1_000).map((_, index) => index % 2),
  )
})

test('the first long list serves from its first turn on, and none of its servers starts slowly', () => {
  const { upstream, clock, finish } = turning()
  clock.setTimeout(() => {}, 60_000)
  clock.step(60_000)
  upstream.apply(specsFrom(0, 1_000))
  finish(() => upstream.tryReserve({})!.release('success'))
  assert.ok([...upstream.servers].every(({ slow }) => slow === 1))
})

test('of the lists that come while one is applied, the last one follows, when that one is whole', () => {
  const { upstream, events, names, finish } = turning()
  upstream.apply(specsFrom(0, 1_000))
  upstream.apply(specsFrom(5_000, 600))
  upstream.apply(specsFrom(500, 600))
  assert.equal(events.length, most)
  finish()
  assert.deepEqual(
    names(),
    specsFrom(500, 600).map(({ name }) => name),
  )
  assert.equal(events.filter(({ type }) => type === 'joined').length, 1_100)
})

test('a key finds its server after long lists as after one short of them', () => {
  const list = specsFrom(0, 1_000, () => 1)
  const [grown, fresh] = [
    turning({ balance: { algorithm: 'hash' } }),
    turning({ balance: { algorithm: 'hash' } }),
  ]
  for (const specs of [specsFrom(300, 900, () => 1), specsFrom(0, 500, () => 1), list]) {
    grown.upstream.apply(specs)
    grown.finish()
  }
  grown.clock.setTimeout(() => {}, 20_000)
  grown.clock.step(20_000)
  fresh.upstream.apply(list)
  fresh.finish()
  const find = ({ upstream }: typeof grown) =>
    Array.from({ length: 300 }, (_, key) => {
      const reservation = upstream.tryReserve({ hashKey: `key ${key}` })!
      reservation.release('unused')
      return reservation.server.name
    })
  for (let pulse = 0; pulse < 3; pulse++) {
    find(grown)
    grown.clock.setTimeout(() => {}, 200)
    grown.clock.step(grown.clock.now() + 200)
  }
  assert.deepEqual(find(grown), find(fresh))
})

test('who waits is refused when a list without servers is whole, and served while somebody is left', async () => {
  const { upstream, finish } = turning({ limits: { maxInFlight: 1 } })
  upstream.apply(specsFrom(0, 600))
  finish()
  const held = Array.from({ length: 600 }, () => upstream.tryReserve({})!)
  const waiting = upstream.wait({}, new AbortController().signal)
  upstream.apply([])
  finish()
  await assert.rejects(waiting, { code: 'HEADGATE_NO_SERVER' })
  for (const reservation of held) reservation.release('success')
  assert.deepEqual([...upstream.servers], [])
})

test('an upstream that is closed takes no more of a list', () => {
  const { upstream, clock, events } = turning()
  upstream.apply(specsFrom(0, 1_000))
  upstream.close()
  assert.equal(clock.step(clock.now()), false)
  assert.equal(events.length, most)
})
