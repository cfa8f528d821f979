import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collections, overlapMs } from '../../../bench/machine/collections.ts'

test('what collections take of a slice is what lies within it', () => {
  const slice = { begin: 10, end: 20 }
  const at = (begin: number, end: number) => ({ begin, end })

  assert.equal(overlapMs(slice, []), 0)
  assert.equal(overlapMs(slice, [at(0, 10), at(20, 30)]), 0)
  assert.equal(overlapMs(slice, [at(5, 12), at(13, 14), at(19, 25)]), 4)
  assert.equal(overlapMs(slice, [at(0, 100)]), 10)
})

test('collections are seen from beginning to end', async (t) => {
  const seen = new Collections()
  t.after(() => seen.close())
  for (let left = 200; left > 0; left--) new Array(100_000).fill(left)

  const all = await seen.all()

  assert.ok(all.length > 0)
  assert.ok(all.every(({ begin, end }) => begin <= end))
})
