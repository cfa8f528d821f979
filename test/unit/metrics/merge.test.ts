import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { Departed, mergedText, samplesOf } from '../../../src/metrics/merge.ts'
import { registerSeries } from '../../../src/metrics/series.ts'

function processWith(requests: number, age: number, server = 'a:1'): Registry {
  const registry = new Registry()
  registerSeries(registry, {
    name: 'requests_total',
    help: 'of a server',
    type: 'counter',
    labels: ['server'],
    read: () => [[{ server }, requests]],
  })
  registerSeries(registry, {
    name: 'age_seconds',
    help: 'of the list',
    type: 'gauge',
    labels: [],
    together: 'max',
    read: () => [[{}, age]],
  })
  const duration = new Histogram({
    name: 'duration',
    help: 'of requests',
    buckets: [1],
    registers: [registry],
  })
  for (let count = 0; count < requests; count++) duration.observe(0.5)
  new Gauge({ name: 'open', help: 'now', registers: [registry] }).set(requests)
  return registry
}

async function textOf(...processes: Registry[]): Promise<string> {
  return mergedText(await Promise.all(processes.map(samplesOf)))
}

test('counters, histograms and most gauges add up; an age is that of the oldest', async () => {
  const text = await textOf(processWith(2, 5), processWith(3, 4))
  for (const line of [
    'requests_total{server="a:1"} 5',
    'age_seconds 5',
    'duration_bucket{le="1"} 5',
    'duration_count 5',
    'duration_sum 2.5',
    'open 5',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
  }
})

test('what a process had counted outlives it, but not what it had at the time', async () => {
  const departed = new Departed()
  departed.add(await samplesOf(processWith(2, 5)))
  departed.add(await samplesOf(processWith(10, 50)))
  const text = await mergedText([departed.samples, await samplesOf(processWith(1, 3))])
  for (const line of ['requests_total{server="a:1"} 13', 'age_seconds 3', 'duration_count 13', 'open 1']) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
  }
})

test('a server that nobody knows any more is forgotten', async () => {
  const departed = new Departed()
  departed.add(await samplesOf(processWith(2, 5, 'gone:1')))
  departed.add(await samplesOf(processWith(3, 5, 'here:1')))
  departed.keep((server) => server === 'here:1')
  const text = await mergedText([departed.samples])
  assert.doesNotMatch(text, /gone:1/)
  assert.match(text, /requests_total\{server="here:1"\} 3/)
})

test('a counter of a plugin adds up too', async () => {
  const registries = [1, 2].map((count) => {
    const registry = new Registry()
    new Counter({ name: 'own_total', help: 'own', registers: [registry] }).inc(count)
    return registry
  })
  assert.match(await textOf(...registries), /^own_total 3$/m)
})
