import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shares, upstreamOf } from '../../helpers/upstream.ts'

const active = { interval: 5_000, timeout: 2_000, healthyAfter: 2, unhealthyAfter: 3 }

function checked(count: number) {
  const unwell = new Set<string>()
  const asked: { name: string; at: number }[] = []
  const made = upstreamOf({
    weights: [],
    health: { active },
    probe: async ({ name }) => {
      asked.push({ name, at: made.clock.now() })
      return !unwell.has(name)
    },
  })
  made.apply(Array.from({ length: count }, () => 1))
  return { ...made, unwell, asked }
}

const told = ({ events }: ReturnType<typeof checked>) =>
  events
    .map(({ type, server }) => `${server ?? ''} ${type}`.trim())
    .filter((text) => !text.includes('joined'))

test('each server is asked in each interval, at a time of its own', async () => {
  const { clock, asked } = checked(5)
  await clock.advanceAsync(5_000)
  assert.deepEqual(new Set(asked.map(({ name }) => name)).size, 5)
  assert.equal(new Set(asked.map(({ at }) => Math.round(at))).size, asked.length)
  await clock.advanceAsync(45_000)
  const times = asked.filter(({ name }) => name === 's0').map(({ at }) => at)
  for (let index = 1; index < times.length; index++) {
    const gap = times[index]! - times[index - 1]!
    assert.ok(gap >= 4_500 && gap <= 5_500, `${gap}`)
  }
})

test('a server is left out after so many checks have failed, and returns slowly after so many have passed', async () => {
  const made = checked(3)
  made.unwell.add('s0')
  await made.clock.advanceAsync(10_900)
  assert.equal(made.server('s0').healthy, true)
  await made.clock.advanceAsync(6_000)
  assert.equal(made.server('s0').healthy, false)
  assert.equal(shares(made.upstream, 100)[0], 0)
  assert.equal(made.upstream.explain(made.server('s0')).state, 'unhealthy')
  made.unwell.clear()
  await made.clock.advanceAsync(11_000)
  assert.equal(made.server('s0').healthy, true)
  assert.deepEqual(told(made), ['s0 unhealthy', 's0 healthy'])
  shares(made.upstream, 1)
  assert.ok(made.server('s0').slow < 1)
})

test('a check that is not answered in time has failed, and its late answer counts for nothing', async () => {
  const answers: ((isWell: boolean) => void)[] = []
  const signals: AbortSignal[] = []
  const { clock, server, apply } = upstreamOf({
    weights: [],
    health: { active: { ...active, unhealthyAfter: 1 } },
    probe: (_spec, signal) => {
      signals.push(signal)
      return new Promise((resolve) => answers.push(resolve))
    },
  })
  apply([1])
  await clock.advanceAsync(5_000)
  await clock.advanceAsync(2_000)
  assert.equal(signals[0]!.aborted, true)
  assert.equal(server('s0').healthy, false)
  answers[0]!(true)
  await clock.advanceAsync(0)
  assert.equal(server('s0').healthy, false)
})

test('a server that leaves the list is asked no more, and closing stops all checks', async () => {
  const { clock, asked, upstream, apply } = checked(2)
  await clock.advanceAsync(6_000)
  apply([1])
  asked.length = 0
  await clock.advanceAsync(20_000)
  assert.ok(asked.length > 2 && asked.every(({ name }) => name === 's0'))
  upstream.close()
  assert.equal(clock.pending, 0)
})

test('panic: where fewer than half of the servers are well, all serve', async () => {
  const made = checked(4)
  for (const name of ['s0', 's1', 's2']) made.unwell.add(name)
  await made.clock.advanceAsync(20_000)
  assert.equal(made.upstream.isPanicking, true)
  for (const count of shares(made.upstream, 400)) assert.equal(count, 100)
  made.unwell.delete('s0')
  await made.clock.advanceAsync(12_000)
  assert.equal(made.upstream.isPanicking, false)
  const counts = shares(made.upstream, 400)
  assert.deepEqual([counts[1], counts[2]], [0, 0])
  assert.deepEqual(
    made.events.filter(({ server }) => server === undefined).map(({ type }) => type),
    ['panic', 'calm'],
  )
})

test('panic is judged over all servers, not over those that have room: the unsound one is not fed what overflows', async () => {
  const made = checked(3)
  made.unwell.add('s0')
  await made.clock.advanceAsync(20_000)
  assert.equal(made.server('s0').healthy, false)
  const held = []
  for (let next = made.upstream.tryReserve({}); next !== undefined; next = made.upstream.tryReserve({}))
    held.push(next)
  assert.equal(held.length, 256)
  assert.equal(made.server('s0').inFlight, 0)
  assert.equal(made.upstream.isPanicking, false)
})

test('active checks need a probe', () => {
  assert.throws(() => upstreamOf({ health: { active } }), TypeError)
})
