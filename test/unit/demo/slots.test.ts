import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from '../../../src/demo/slots.ts'

test('works on as many at one time as there are slots, and takes the rest in order', async () => {
  const slots = new Slots(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const works = [0, 1, 2, 3].map((index) =>
    slots.use(() => {
      begun.push(index)
      return new Promise<void>((resolve) => ends.push(resolve))
    }),
  )
  await Promise.resolve()
  assert.deepEqual(begun, [0, 1])
  ends[1]?.()
  await works[1]
  assert.deepEqual(begun, [0, 1, 2])
  ends[0]?.()
  await works[0]
  assert.deepEqual(begun, [0, 1, 2, 3])
  assert.equal(slots.used, 2)
  ends[2]?.()
  ends[3]?.()
  await Promise.all(works)
  assert.equal(slots.used, 0)
})

test('work that fails gives its slot back', async () => {
  const slots = new Slots(1)
  await assert.rejects(slots.use(async () => Promise.reject(new Error('no'))))
  assert.equal(await slots.use(async () => 'next'), 'next')
  assert.equal(slots.used, 0)
})
