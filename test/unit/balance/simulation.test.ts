import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Result, simulate } from '../../../bench/simulation/run.ts'
import { scenarios } from '../../../bench/simulation/scenario.ts'

/** Each run once, for adaptive: time is virtual, and so the same on every machine. */
const runs = new Map<string, Promise<Result>>()

function run(name: string): Promise<Result> {
  const scenario = scenarios.find((candidate) => candidate.name === name)
  assert.ok(scenario, `there is a scenario '${name}'`)
  const known = runs.get(name) ?? simulate(scenario, 'adaptive')
  runs.set(name, known)
  return known
}

test('one server ten times as slow: p99 at most 1.15 times that without it', async () => {
  const [right, slow] = [await run('equal, 80 %'), await run('one server 10x slow, 80 %')]
  assert.ok(slow.p99 <= 1.15 * right.p99, `${slow.p99} against ${right.p99}`)
  assert.ok(slow.errors <= 0.0001, `${slow.errors}`)
})

test('one server that fails in 1 ms: at most 0.05 % errors', async () => {
  const { errors } = await run('one fails in 1 ms, 80 %')
  assert.ok(errors <= 0.0005, `${errors}`)
})

test('one server that fails every fifth answer: at most 0.5 % errors, a quarter of its even share', async () => {
  const { errors } = await run('one fails 20 %, 80 %')
  assert.ok(errors <= 0.005, `${errors}`)
})

test('a server that flaps: at most 0.05 % errors', async () => {
  const { errors } = await run('one flaps every 3 s, 80 %')
  assert.ok(errors <= 0.0005, `${errors}`)
})

test('a cold server joins: no error', async () => {
  const { errors, p99 } = await run('cold join, 80 %')
  assert.equal(errors, 0)
  assert.ok(p99 <= 1.15 * (await run('equal, 80 %')).p99, `${p99}`)
})

for (const wrong of ['all scored 1', 'scores inverted']) {
  test(`wrong scores (${wrong}): p99 at most 1.15 times that of right ones`, async () => {
    const right = await run('capacities 1:2:4, right scores, 80 %')
    const { errors, p99 } = await run(`capacities 1:2:4, ${wrong}, 80 %`)
    assert.ok(p99 <= 1.15 * right.p99, `${p99} against ${right.p99}`)
    assert.equal(errors, 0)
  })
}

for (const limit of ['', ', limit adaptive']) {
  test(`105 % load${limit}: errors at most 0.6 points above the floor`, async () => {
    const { errors } = await run(`overload 105 %${limit}`)
    assert.ok(errors <= 1 - 1 / 1.05 + 0.006, `${errors}`)
  })

  test(`200 % load${limit}: the servers do 99 % of what they can, and p99 is at most 200 ms`, async () => {
    const { goodput, p99 } = await run(`overload 200 %${limit}`)
    assert.ok(goodput >= 0.99, `${goodput}`)
    assert.ok(p99 <= 200, `${p99}`)
  })
}

test('three servers, one of them slow: the others carry the load without errors', async () => {
  const { errors, p99 } = await run('three servers, one 10x slow, 60 %')
  assert.ok(errors <= 0.001 && p99 <= 150, `${errors}, ${p99}`)
})

test('a hundred gateways that know nothing of each other are no worse than chance', async () => {
  const { errors, p99 } = await run('100 gateways, 100 servers, 80 %')
  assert.equal(errors, 0)
  assert.ok(p99 <= 115, `${p99}`)
})

test('the same seed gives the same run', async () => {
  const scenario = { name: 'short', load: 0.8, measuredMs: 1_000 }
  assert.deepEqual(await simulate(scenario, 'adaptive', 5), await simulate(scenario, 'adaptive', 5))
})
