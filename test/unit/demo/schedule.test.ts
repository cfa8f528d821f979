import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce, story } from '../../../src/demo/schedule.ts'

const members = [
  { name: 'a', port: 1, score: 60, swing: 3, leaves: false },
  { name: 'b', port: 2, score: 15, swing: 1, leaves: true },
]

test('scores move, and never far from their middle', () => {
  const seconds = Array.from({ length: 200 }, (_, index) => announce(members, index * 1000))
  for (const [a, b] of seconds) {
    assert.ok(a !== undefined && Math.abs(a.score - 60) <= 3.1)
    assert.ok(b !== undefined && Math.abs(b.score - 15) <= 1.1)
  }
  assert.ok(new Set(seconds.map(([a]) => a?.score)).size > 20)
})

test('one server goes and returns; the other one stays', () => {
  const seconds = story.roundMs / 1000
  const categories = Array.from({ length: seconds }, (_, second) => announce(members, second * 1000))
  const away = categories.map(([, b]) => b?.utilization_category === 'SUNDOWN')
  assert.equal(away.filter(Boolean).length, (story.returnsAtMs - story.leavesAtMs) / 1000)
  assert.equal(away[0], false)
  assert.equal(away.at(-1), false)
  assert.ok(categories.every(([a]) => a?.utilization_category !== 'SUNDOWN'))
})
