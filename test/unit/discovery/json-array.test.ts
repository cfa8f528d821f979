import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arrayItems, isArrayText } from '../../../src/discovery/json-array.ts'

function read(text: string, most: number): unknown[][] | 'no JSON' {
  try {
    return [...arrayItems(Buffer.from(text), most)]
  } catch (error) {
    assert.ok(error instanceof SyntaxError)
    return 'no JSON'
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return 'no JSON'
  }
}

test('gives items in their order, so many at a time', () => {
  assert.deepEqual(read('[1, 2, 3, 4, 5]', 2), [[1, 2], [3, 4], [5]])
  assert.deepEqual(read('[1, 2, 3, 4]', 2), [
    [1, 2],
    [3, 4],
  ])
  assert.deepEqual(read(' [ ] ', 2), [])
})

test('brackets, commas and quotation marks within strings are no part of the form', () => {
  const items = ['],[', '}{', '\\', '"', '\\"', ',', { ']': ['}', '"]'] }]
  assert.deepEqual(
    read(JSON.stringify(items), 1),
    items.map((item) => [item]),
  )
})

test('knows an array by its first character', () => {
  assert.equal(isArrayText(Buffer.from(' \t\r\n[')), true)
  for (const text of ['', ' ', '{}', '"["', 'x[', '\ufeff[]', '\u00a0[]'])
    assert.equal(isArrayText(Buffer.from(text)), false)
})

for (const text of [
  '[1,]',
  '[,1]',
  '[1,,2]',
  '[,]',
  '[1',
  '[1,',
  '["1]',
  '["\\',
  '[1]]',
  '[1] 2',
  '[1],[2]',
  '[{]',
  '[{]}]',
  '[[}, 1]',
  '[}{]',
  '[1 2]',
  '[01]',
  "['1']",
  '[1]\u00a0',
]) {
  test(`${text} is no JSON, wherever it is cut`, () => {
    for (const most of [1, 2, 3]) assert.equal(read(text, most), 'no JSON')
  })
}

test('takes and gives what JSON.parse does, whatever comes', () => {
  const piece = fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', ' ', '\n', '1', '"a"', 'null', 'é')
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => `[${pieces.join('')}`),
    fc.array(fc.jsonValue()).map((items) => JSON.stringify(items)),
    fc.array(fc.jsonValue()).map((items) => JSON.stringify(items, undefined, 1)),
  )
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 4 }), (json, most) => {
      const groups = read(json, most)
      assert.deepEqual(groups === 'no JSON' ? groups : groups.flat(1), parsed(json))
      if (groups !== 'no JSON') for (const group of groups) assert.ok(group.length <= most)
    }),
    { numRuns: 5_000 },
  )
})
