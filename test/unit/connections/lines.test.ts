import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type InLine, TurnLine } from '../../../src/connections/turn-line.ts'
import { WaitingLine } from '../../../src/connections/waiting-line.ts'

interface Item extends InLine<Item> {
  id: number
}

test('a line of turns behaves as an array from which anything can be taken', () => {
  const steps = fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (commands) => {
      const line = new TurnLine<Item>()
      const model: Item[] = []
      for (const [id, command] of commands.entries()) {
        if (command === undefined || model.length === 0) {
          const item: Item = { id, before: undefined, after: undefined, isInLine: false }
          line.push(item)
          model.push(item)
        } else {
          const [item] = model.splice(command % model.length, 1)
          line.remove(item!)
        }
        assert.equal(line.first, model[0])
        assert.equal(line.length, model.length)
        assert.deepEqual(
          [...line].map((item) => item.id),
          model.map((item) => item.id),
        )
      }
    }),
  )
})

test('requests wait in their order, one that has lost its connection before all others', () => {
  const line = new WaitingLine()
  const options = { path: '/', method: 'GET' }
  const [a, b, c, d] = [{}, {}, {}, {}]
  line.push({ options, handler: a, since: 1, next: undefined })
  line.push({ options, handler: b, since: 2, next: undefined })
  line.push({ options, handler: c, since: 3, next: undefined })
  line.unshift({ options, handler: d, since: Number.NEGATIVE_INFINITY, next: undefined })
  assert.equal(line.remove(b), true)
  assert.equal(line.remove(b), false)
  assert.deepEqual(
    line.shiftUntil(2, 9).map(({ handler }) => handler),
    [d, a],
  )
  assert.equal(line.remove(c), true)
  assert.equal(line.length, 0)
  line.push({ options, handler: a, since: 4, next: undefined })
  assert.equal(line.shift()?.handler, a)
  assert.equal(line.shift(), undefined)
})
