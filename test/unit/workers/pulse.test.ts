import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pulse } from '../../../src/workers/pulse.ts'
import { FakeClock, settle } from '../../helpers/fake-clock.ts'

function pulseOf() {
  const clock = new FakeClock()
  const answers: (() => void)[] = []
  let stuck = 0
  const pulse = new Pulse({
    clock,
    beat: () => new Promise<void>((resolve) => answers.push(resolve)),
    onStuck: () => stuck++,
  })
  return { clock, answers, pulse, stuck: () => stuck }
}

test('who gives no answer for ten seconds hangs, and is told of once', async () => {
  const { clock, answers, stuck } = pulseOf()
  await clock.advanceAsync(9_999)
  assert.equal(stuck(), 0)
  await clock.advanceAsync(1)
  assert.equal(stuck(), 1)
  await clock.advanceAsync(60_000)
  assert.deepEqual([stuck(), answers.length, clock.pending], [1, 1, 0])
})

test('an answer counts, however late it comes', async () => {
  const { clock, answers, stuck } = pulseOf()
  for (let time = 0; time < 5; time++) {
    await clock.advanceAsync(9_000)
    answers.at(-1)?.()
  }
  assert.equal(stuck(), 0)
})

test('where everything has stood still, nobody hangs', async () => {
  const { clock, answers, stuck } = pulseOf()
  clock.standStill(3_600_000)
  answers[0]?.()
  await settle()
  await clock.advanceAsync(5_000)
  assert.equal(stuck(), 0)
})

test('who is not asked any more does not hang', async () => {
  const { clock, pulse, stuck } = pulseOf()
  pulse.stop()
  await clock.advanceAsync(60_000)
  assert.equal(stuck(), 0)
})
