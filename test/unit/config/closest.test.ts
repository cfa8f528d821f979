import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closest, editDistance } from '../../../src/config/closest.ts'

test('a slip of the hand finds the word that was meant', () => {
  assert.equal(closest('conections', ['limits', 'connections']), 'connections')
  assert.equal(closest('maxage', ['maxRequests', 'maxAge']), 'maxAge')
  assert.equal(closest('ugre', ['gzip', 'urge']), 'urge')
})

test('a word that is like none of them gets no suggestion', () => {
  assert.equal(closest('database', ['limits', 'connections']), undefined)
  assert.equal(closest('anything', []), undefined)
})

test('two neighbours that changed places count once', () => {
  assert.equal(editDistance('prot', 'port'), 1)
  assert.equal(editDistance('chace', 'cache'), 2)
  assert.equal(editDistance('cahce', 'cache'), 1)
})

test('the distance is 0 for equal words alone, the same both ways, and at most the longer length', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(word, word, (left, right) => {
      const distance = editDistance(left, right)
      assert.equal(distance === 0, left === right)
      assert.equal(distance, editDistance(right, left))
      assert.ok(distance <= Math.max(left.length, right.length))
      assert.ok(distance >= Math.abs(left.length - right.length))
    }),
  )
})
