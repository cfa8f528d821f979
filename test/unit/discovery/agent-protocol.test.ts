import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  maxListBytes,
  maxListItems,
  type ParsedList,
  readFrame,
} from '../../../src/discovery/agent-protocol.ts'
import type { ServerDefaults } from '../../../src/discovery/source.ts'
import { item } from '../../helpers/servers.ts'

const defaults = { port: 5_000 }

function parseFrame(frame: Buffer, isBinary: boolean, given: ServerDefaults): ParsedList {
  const reading = readFrame(frame, isBinary, given)
  for (;;) {
    const { done, value } = reading.next()
    if (done === true) return value
  }
}

function parse(value: unknown): ParsedList {
  return parseFrame(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), false, defaults)
}

test('reads the items of a list', () => {
  const { servers, skipped } = parse([
    { dns_name: 'worker-1', score: 87.5, utilization_category: 'LU' },
    { dns_name: '127.0.0.2', score: 12, utilization_category: 'SUNDOWN', port: 6_000, protocol: 'https' },
  ])
  assert.equal(skipped, 0)
  assert.deepEqual(
    [...servers.values()],
    [
      {
        name: 'worker-1:5000',
        protocol: 'http:',
        host: 'worker-1',
        port: 5_000,
        weight: 87.5,
        draining: false,
      },
      {
        name: '127.0.0.2:6000',
        protocol: 'https:',
        host: '127.0.0.2',
        port: 6_000,
        weight: 12,
        draining: true,
      },
    ],
  )
})

test('an empty list is a list', () => {
  assert.deepEqual(parse([]), { servers: new Map(), skipped: 0, faults: [] })
})

for (const [what, value] of Object.entries({
  'an item that is null': null,
  'an item that is a list': [],
  'an item that is a text': 'worker-1',
  'no name': { score: 1, utilization_category: 'LU' },
  'a name that is no host': { ...item('a'), dns_name: 'http://a/' },
  'no score': { dns_name: 'a', utilization_category: 'LU' },
  'a score that is a text': { ...item('a'), score: '50' },
  'a score below 0': item('a', -0.1),
  'a score above 100': item('a', 100.1),
  'a score that is null': { ...item('a'), score: null },
  'no category': { dns_name: 'a', score: 1 },
  'a category that nobody knows': item('a', 1, 'XL'),
  'a category that objects have': item('a', 1, 'constructor'),
  'port 0': { ...item('a'), port: 0 },
  'a port above 65535': { ...item('a'), port: 65_536 },
  'a port that is a fraction': { ...item('a'), port: 80.5 },
  'a port that is a text': { ...item('a'), port: '80' },
  'a protocol other than http and https': { ...item('a'), protocol: 'ftp' },
})) {
  test(`skips and names ${what}, and uses the rest`, () => {
    const { servers, skipped, faults, fault } = parse([value, item('sound')])
    assert.deepEqual([...servers.keys()], ['sound:5000'])
    assert.equal(skipped, 1)
    assert.equal(faults.length, 1)
    assert.equal(fault, undefined)
  })
}

test('a list without one complete item is ignored', () => {
  assert.equal(parse([{}, null]).fault, 'no_valid_item')
})

for (const [fault, text] of Object.entries({
  not_json: '[{"dns_name": ',
  not_list: '{"dns_name": "a", "score": 1, "utilization_category": "LU"}',
  too_large: `[${' '.repeat(maxListBytes)}]`,
  too_many: `[${new Array(maxListItems + 1).fill('0').join()}]`,
})) {
  test(`a frame is ignored as ${fault}`, () => {
    assert.equal(parse(text).fault, fault)
  })
}

test('a long list takes one step for some hundred items, a short one no step of its own', () => {
  const steps = (count: number) => {
    const frame = Buffer.from(JSON.stringify(Array.from({ length: count }, (_, index) => item(`s${index}`))))
    const reading = readFrame(frame, false, defaults)
    for (let steps = 0; ; steps++) if (reading.next().done === true) return steps
  }
  assert.equal(steps(128), 0)
  assert.equal(steps(10_000), Math.ceil(10_000 / 128))
})

test('a fault at the end of a long list is one of the whole list', () => {
  const items = Array.from({ length: 1_000 }, (_, index) => JSON.stringify(item(`s${index}`)))
  assert.equal(parse(`[${items.join()},]`).fault, 'not_json')
  assert.equal(parse(`[${items.join()}`).fault, 'not_json')
  assert.match(parse(`[${items.join()}, {}]`).faults[0] as string, /^item 1000: /)
})

test('a binary frame is ignored, even with a list in it', () => {
  assert.equal(parseFrame(Buffer.from(JSON.stringify([item('a')])), true, defaults).fault, 'binary')
})

test('reads nothing that an item has from a prototype', () => {
  const hidden = '{"__proto__": {"dns_name": "a", "score": 1, "utilization_category": "LU"}}'
  assert.equal(parse(`[${hidden}]`).fault, 'no_valid_item')
  assert.equal(
    parse(`[{"__proto__": {"port": 1}, ${JSON.stringify(item('a')).slice(1)}]`).servers.get('a:5000')?.port,
    5_000,
  )
  assert.equal(({} as Record<string, unknown>).port, undefined)
})

test('names few faults, in few characters, that cannot confuse a terminal', () => {
  const bad = new Array(100).fill({ dns_name: `\u001b[2J\u202e${'x'.repeat(10_000)}` })
  const { faults, skipped } = parse(bad)
  assert.equal(skipped, 100)
  assert.equal(faults.length, 5)
  for (const fault of faults) {
    assert.ok(fault.length < 200)
    assert.doesNotMatch(fault, /\p{C}/u)
  }
})

test('deep nesting is a fault like any other', () => {
  assert.equal(parse('['.repeat(1_000_000) + ']'.repeat(1_000_000)).fault, 'no_valid_item')
  assert.equal(parse('['.repeat(1_000_000)).fault, 'not_json')
  assert.equal(parse('[{"a":'.repeat(100_000)).fault, 'not_json')
})

test('without a port anywhere, an item is incomplete', () => {
  assert.equal(parseFrame(Buffer.from(JSON.stringify([item('a')])), false, {}).fault, 'no_valid_item')
})

test('whatever comes, servers are sound and items are accounted for', () => {
  const field = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('worker', 'SUNDOWN', 'LU', 'http', 'https', 5, 100, 65_535),
  )
  const record = fc.dictionary(
    fc.constantFrom('dns_name', 'score', 'utilization_category', 'port', 'protocol', '__proto__'),
    field,
  )
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.oneof(record, fc.jsonValue())), fc.jsonValue()), (value) => {
      const { servers, skipped, fault } = parse(JSON.stringify(value))
      if (Array.isArray(value)) {
        const sound = value.flatMap((item) => [...parse([item]).servers.keys()])
        assert.equal(skipped, value.length - sound.length)
        assert.deepEqual(new Set(servers.keys()), new Set(sound))
      } else assert.equal(fault, 'not_list')
      for (const server of servers.values()) {
        assert.ok(server.weight >= 0 && server.weight <= 100)
        assert.ok(URL.canParse(`${server.protocol}//${server.name}`))
      }
    }),
    { numRuns: 1_000 },
  )
})
