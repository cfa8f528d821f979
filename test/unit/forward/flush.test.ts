import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { finishSoon, flushSoon } from '../../../src/forward/flush.ts'

test('what is complete is finished together, in its order, before the loop turns', async () => {
  const seen: string[] = []
  finishSoon({ finish: () => seen.push('first') })
  finishSoon({ finish: () => seen.push('second') })
  assert.deepEqual(seen, [])
  await turn()
  assert.deepEqual(seen, ['first', 'second'])
})

test('what is held back for more is flushed one turn later than what is complete', async () => {
  const seen: string[] = []
  flushSoon({ flush: () => seen.push('flushed') })
  finishSoon({ finish: () => seen.push('finished') })
  await turn()
  assert.deepEqual(seen, ['finished'])
  await turn()
  assert.deepEqual(seen, ['finished', 'flushed'])
})

test('what completes while others are finished waits for the next turn', async () => {
  const seen: string[] = []
  finishSoon({
    finish() {
      seen.push('first')
      finishSoon({ finish: () => seen.push('second') })
    },
  })
  await turn()
  assert.deepEqual(seen, ['first'])
  await turn()
  assert.deepEqual(seen, ['first', 'second'])
})
