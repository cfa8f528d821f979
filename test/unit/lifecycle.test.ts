import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lifecycle } from '../../src/lifecycle.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

test('where requests never cease, no more are taken for the last part of the grace, and none is cut', async () => {
  const clock = new FakeClock()
  const lifecycle = new Lifecycle(clock)
  let isListening = true
  lifecycle.begin()
  const drained = lifecycle.drain({
    graceMs: 30_000,
    stopListening: () => {
      isListening = false
    },
  })

  await clock.advanceAsync(28_900)
  assert.equal(isListening, true)
  await clock.advanceAsync(200)
  assert.equal(isListening, false)
  lifecycle.end()
  await clock.advanceAsync(200)

  assert.deepEqual(await drained, { requests: 0, tunnels: 0 })
})

test('a drain is over once nothing has been in flight for a moment, and not within the pause', async () => {
  const clock = new FakeClock()
  const lifecycle = new Lifecycle(clock)
  let isOver = false
  lifecycle.begin()
  const drained = lifecycle.drain({ graceMs: 30_000, pauseMs: 1_000 }).then((cut) => {
    isOver = true
    return cut
  })
  assert.equal(lifecycle.isDraining, true)
  lifecycle.end()

  await clock.advanceAsync(1_050)
  assert.equal(isOver, false)
  await clock.advanceAsync(100)
  assert.deepEqual(await drained, { requests: 0, tunnels: 0 })
})
