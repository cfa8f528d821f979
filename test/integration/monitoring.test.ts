import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import { parse } from 'yaml'
import { createGateway } from '../../src/gateway.ts'
import { configFor, startGateway, startOrigin } from '../helpers/gateway.ts'

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')

interface Metric {
  name: string
  help: string
  type: string
  labelNames?: readonly string[]
}

let metrics: ReadonlyMap<string, Metric>

before(async () => {
  const gateway = await createGateway({
    ...configFor([{ url: 'http://127.0.0.1:1' }]),
    logging: { level: 'silent' },
  })
  const all = gateway.metrics.registry.getMetricsAsArray() as unknown as Metric[]
  metrics = new Map(all.map((metric) => [metric.name, metric]))
  await gateway.close()
})

/** What Prometheus itself adds. */
const added = ['job', 'instance', 'le']

/** Names and labels of an expression that no metric of ours has. */
function strangersIn(expression: string): string[] {
  const names = expression.match(/\b(?:headgate|nodejs|process)_\w+/g) ?? []
  const used = names.map(
    (name) => metrics.get(name) ?? metrics.get(name.replace(/_(?:bucket|sum|count)$/, '')),
  )
  const known = new Set([...added, ...used.flatMap((metric) => metric?.labelNames ?? [])])
  const labels = [
    ...Array.from(expression.matchAll(/\bby \(([^)]*)\)/g), ([, list]) => list?.split(/, */) ?? []).flat(),
    ...Array.from(expression.matchAll(/[{,](\w+)(?:=~|!~|!=|=)"/g), ([, label]) => label as string),
  ]
  return [
    ...names.filter((_name, index) => used[index] === undefined),
    ...labels.filter((label) => !known.has(label)),
  ]
}

test('the dashboard of Grafana asks for nothing that the gateway does not measure', async () => {
  const { panels, uid } = JSON.parse(await read('deploy/grafana/headgate.json'))
  assert.equal(uid, 'headgate')
  const targets = panels.flatMap(
    (panel: { title: string; targets?: { expr: string; legendFormat: string }[] }) =>
      (panel.targets ?? []).map((target) => ({ title: panel.title, ...target })),
  )
  assert.ok(targets.length > 25, String(targets.length))
  for (const { title, expr, legendFormat } of targets) {
    assert.deepEqual(strangersIn(expr), [], title)
    for (const [, label] of legendFormat.matchAll(/{{(\w+)}}/g)) {
      assert.ok(
        label === 'instance' || new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr),
        `${title}: ${label}`,
      )
    }
  }
  const ids = panels.map(({ id }: { id: number }) => id)
  assert.equal(new Set(ids).size, ids.length)
})

test('the alerts ask for nothing that the gateway does not measure, and each is explained', async () => {
  const { groups } = parse(await read('deploy/prometheus/alerts.yaml'))
  const docs = await read('docs/operation.md')
  for (const { alert, expr, labels, annotations } of groups[0].rules) {
    assert.deepEqual(strangersIn(expr), [], alert)
    assert.match(labels.severity, /^(page|ticket)$/)
    assert.ok(annotations.summary.length > 10, alert)
    assert.ok(docs.includes(`\`${alert}\``), `docs/operation.md explains ${alert}`)
  }
})

test('what is looked for would be found: a name and a label that do not exist', () => {
  assert.deepEqual(strangersIn('sum by (colour) (rate(headgate_requestz_total{route="a"}[1m]))'), [
    'headgate_requestz_total',
    'colour',
    'route',
  ])
})

test('the text of /metrics is well-formed: each family told of once, no series twice, sums that add up', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.statusCode = request.url === '/bad' ? 500 : 200
    response.end('ok')
  })
  const gateway = await startGateway(t, configFor([origin]))
  for (const path of ['/', '/bad', '/a.css', '/a.css']) await (await fetch(gateway.url + path)).text()

  const response = await fetch(`${gateway.url}/metrics`)
  assert.match(String(response.headers.get('content-type')), /^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  assert.ok(text.endsWith('\n'))
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const series = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      assert.ok(!helped.has(name), `${name} is explained twice`)
      helped.add(name)
    } else if (keyword === 'TYPE') types.set(name, rest)
    else {
      const [, id = '', family = '', value = ''] = /^(([a-z_][a-z0-9_]*)(?:{.*})?) (\S+)$/.exec(line) ?? []
      assert.notEqual(id, '', line)
      assert.ok(!series.has(id), `${id} stands twice`)
      series.set(id, Number(value))
      assert.ok(value === 'Nan' || !Number.isNaN(Number(value)), line)
      const owner = types.has(family) ? family : family.replace(/_(?:bucket|sum|count)$/, '')
      assert.ok(helped.has(owner) && types.has(owner), `${family} has help and type`)
    }
  }
  for (const [name, type] of types) {
    if (!name.startsWith('headgate_')) continue
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
    assert.doesNotMatch(name, /milli|_ms\b|_kb\b|_percent/, 'base units')
  }
  for (const [id, count] of series) {
    if (!id.includes('_bucket{le="+Inf"')) continue
    const sum = id
      .replace('_bucket{', '_count{')
      .replace(/le="\+Inf",?/, '')
      .replace('{}', '')
    assert.equal(series.get(sum), count, id)
  }
  assert.equal(series.get('headgate_config_last_reload_successful'), 1)
})

test('a refused configuration can be alerted on', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const text = async () => (await fetch(`${gateway.url}/metrics`)).text()
  await assert.rejects(gateway.app.headgate.reload({ upstreams: {}, routes: [] }))
  assert.match(await text(), /^headgate_config_last_reload_successful 0$/m)
  await gateway.app.headgate.reload(configFor([origin]))
  assert.match(await text(), /^headgate_config_last_reload_successful 1$/m)
})
