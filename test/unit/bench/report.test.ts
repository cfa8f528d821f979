import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case, Row } from '../../../bench/cases/case.ts'
import { readReport } from '../../../bench/load/wrk.ts'
import { chart } from '../../../bench/report/chart.ts'
import { goals } from '../../../bench/report/goals.ts'
import { page } from '../../../bench/report/page.ts'
import { type CpuProfile, groupTimes, selfTimes } from '../../../bench/report/profile.ts'
import type { Results } from '../../../bench/report/results.ts'
import { caseTable, figure } from '../../../bench/report/table.ts'

const get: Case = {
  name: 'get',
  title: 'Proxied GET',
  method: 'As fast as answers come.',
  columns: [{ key: 'cpu', title: 'CPU µs', digits: 1 }],
  run: async () => [],
}

const rows: Row[] = [
  { gateway: 'nginx', version: '1.22.1', state: 'measured', values: { cpu: 17 } },
  { gateway: 'headgate', version: '0.1.0', state: 'measured', values: { cpu: 34 } },
  { gateway: 'peer', version: '5.0.1', state: 'measured', values: { cpu: 50 } },
  { gateway: 'caddy', state: 'not installed', values: {} },
  { gateway: 'haproxy', version: '2.6', state: 'failed', reason: 'it answers nothing', values: {} },
]

const results: Results = {
  date: '2026-11-21T00:00:00.000Z',
  isQuick: false,
  machine: { processor: 'some processor', cores: 2, node: 'v26.10.0', isPinned: true },
  cases: { get: rows },
}

test('a table shows what was measured, what is missing and what failed', () => {
  const text = caseTable(get, rows)
  assert.match(text, /^nginx +17\.0$/m)
  assert.match(text, /^caddy +not installed$/m)
  assert.match(text, /^haproxy +failed: it answers nothing$/m)
})

test('figures have their digits, and a dash where there is none', () => {
  assert.equal(figure(1.25, 1), '1.3')
  assert.equal(figure(12_345.6, 0), '12,346')
  assert.equal(figure(1234.5, 0), '1235')
  assert.equal(figure(Number.NaN, 1), '–')
  assert.equal(figure(null, 1), '–')
})

test('goals are judged from one run, and what was not measured is said', () => {
  const text = page(results, [get], goals(['peer']))
  assert.match(text, /\| Proxied GET of 1 KB, CPU × nginx \| 1\.5 \| 2\.00 \(missed\) \|/)
  assert.match(text, /best other Node gateway \| 0\.5 \| 0\.68 \(missed\) \|/)
  assert.match(text, /\| POST of 10 KB, CPU × nginx \| 1\.5 \| not measured \|/)
  assert.match(text, /\| nginx \(1\.22\.1\) \| 17\.0 \|/)
})

test('a profile stands in the page, the part that takes most of the first case first', () => {
  const profiles = { get: { fastify: 1.5, native: 20, pino: 0.01 }, hit: { fastify: 1, native: 9 } }
  const text = page({ ...results, profiles }, [get], [])
  assert.match(
    text,
    /\| µs per request \| Proxied GET \| hit \|\n.*\n\| native \| 20\.00 \| 9\.00 \|\n\| fastify \| 1\.50 \| 1\.00 \|\n/,
  )
  assert.doesNotMatch(text, /\| pino/)
  assert.doesNotMatch(page(results, [get], []), /Where the time goes/)
})

test('a chart has a bar for each value, the shortest first', () => {
  const bars = rows
    .slice(0, 3)
    .map(({ gateway, values }) => ({ label: gateway, value: values.cpu ?? 0, isOurs: false }))
  const svg = chart([{ title: 'A & B', unit: 'µs', digits: 0, bars: bars.toReversed() }])
  assert.equal(svg.match(/<rect/g)?.length, 3)
  assert.ok(svg.indexOf('>nginx<') < svg.indexOf('>headgate<'))
  assert.ok(svg.includes('A &amp; B'))
})

test('the report of wrk is found below its own words', () => {
  const output =
    'Running 1s test\nBENCH {"requests":10,"microseconds":2000000,"bytes":500,"errors":1,"p50":1500,"p99":9000}\n'
  const expected = { requests: 10, seconds: 2, bytes: 500, errors: 1, p50: 1.5, p99: 9 }
  assert.deepEqual(readReport(output), expected)
  assert.throws(() => readReport('unable to connect'), /made no report: unable to connect/)
})

test('a profile gives self times by function and group, between two moments, without idling', () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 4 })
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)', '') },
      { id: 2, callFrame: frame('resume', 'file:///x/node_modules/undici/lib/client.js') },
      { id: 3, callFrame: frame('start', 'file:///x/src/forward/exchange.ts') },
      { id: 4, callFrame: frame('(garbage collector)', '') },
    ],
    samples: [2, 3, 1, 3, 4, 2],
    timeDeltas: [10, 10, 10, 10, 10, 10],
    startTime: 1000,
  }
  assert.deepEqual(selfTimes(profile, 1015, 1055), [
    { name: 'start src/forward/exchange.ts:5', group: 'headgate src/forward', microseconds: 20 },
    { name: '(garbage collector)', group: 'garbage collection', microseconds: 10 },
  ])
  assert.equal(groupTimes(selfTimes(profile))[0]?.group, 'headgate src/forward')
})
