import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAgentItems, parseServers, parseText } from '../../../src/discovery/servers-file.ts'
import { item, spec } from '../../helpers/servers.ts'

test('reads entries with a URL and items of the agent, in one list', () => {
  const text = `
- { url: "http://10.0.0.5:3000", weight: 2 }
- { url: "https://app.test" }
- { dns_name: worker-1, score: 50, utilization_category: SUNDOWN }
`
  const { servers, skipped } = parseServers(parseText(text, 'servers.yaml'), { port: 5_000 })
  assert.equal(skipped, 0)
  assert.deepEqual(
    [...servers.values()],
    [
      spec('10.0.0.5', { port: 3_000, weight: 2 }),
      spec('app.test', { port: 443, protocol: 'https:' }),
      spec('worker-1', { port: 5_000, weight: 50, draining: true }),
    ],
  )
})

for (const entry of [
  { url: 'ftp://a' },
  { url: 'a:80' },
  { url: 5 },
  { url: 'http://a/path' },
  { url: 'http://user:secret@a' },
  { url: 'http://a?b' },
  { url: 'http://a:0' },
  { url: 'http://a', weight: -1 },
  { url: 'http://a', weight: '1' },
]) {
  test(`skips and names ${JSON.stringify(entry)}`, () => {
    const { servers, faults } = parseServers([entry, { url: 'http://b' }], {})
    assert.deepEqual([...servers.values()], [spec('b')])
    assert.equal(faults.length, 1)
  })
}

test('a file is YAML by its name alone', () => {
  assert.deepEqual(parseText('- a', 'x.yml'), ['a'])
  assert.throws(() => parseText('- a', 'x.json'), SyntaxError)
})

test('a YAML file that multiplies itself is refused', () => {
  let bomb = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n'
  for (let level = 1; level < 12; level++) {
    bomb += `a${level}: &a${level} [${new Array(10).fill(`*a${level - 1}`).join()}]\n`
  }
  assert.throws(() => parseText(bomb, 'bomb.yaml'))
})

test("the agent's items are read as they are to be sent, without a port", () => {
  const items = [item('a'), item('b', 3, 'SUNDOWN')]
  assert.deepEqual(parseAgentItems(JSON.stringify(items), 'x.json'), items)
  assert.throws(() => parseAgentItems('[{"dns_name": "a"}]', 'x.json'), /x\.json: a: score/)
  assert.throws(() => parseAgentItems('{}', 'x.json'), /not_list/)
})
