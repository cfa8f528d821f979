import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandDrains } from '../../../src/balance/hand-drains.ts'
import { serverSpec } from '../../helpers/upstream.ts'

test('a server that was drained by hand is drained in every list until that is taken back', () => {
  const drains = new HandDrains()
  const list = [serverSpec('a'), serverSpec('b')]
  const draining = () => drains.override(list).map((spec) => spec.draining)

  assert.equal(drains.override(list), list, 'a list that nothing is changed in is not copied')
  assert.equal(drains.set('b', true), true)
  assert.equal(drains.set('b', true), false)
  assert.deepEqual(draining(), [false, true])
  assert.deepEqual(
    list.map((spec) => spec.draining),
    [false, false],
    'the list itself stays as it is',
  )
  assert.equal(drains.has('b'), true)
  assert.equal(drains.set('b', false), true)
  assert.deepEqual(draining(), [false, false])
})
