import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { registerHistogram } from '../../../src/metrics/histogram-series.ts'
import { RequestMetrics } from '../../../src/metrics/request-metrics.ts'
import { registerSeries } from '../../../src/metrics/series.ts'

test('a series is read at each scrape, and what is gone from its record is gone from the scrape', async () => {
  const registry = new Registry()
  const queues = new Map([
    ['app', 3],
    ['other', 0],
  ])
  registerSeries(registry, {
    name: 'headgate_queue_depth',
    help: 'Requests that wait',
    type: 'gauge',
    labels: ['upstream'],
    *read() {
      for (const [upstream, depth] of queues) yield [{ upstream }, depth]
    },
  })

  assert.match(await registry.metrics(), /headgate_queue_depth\{upstream="app"\} 3\n.*upstream="other"\} 0/)
  queues.set('app', 1)
  queues.delete('other')
  const second = await registry.metrics()
  assert.match(second, /upstream="app"\} 1/)
  assert.doesNotMatch(second, /other/)
})

test('a counter shows what its record says, not what was added up over scrapes', async () => {
  const registry = new Registry()
  registerSeries(registry, {
    name: 'headgate_shed_total',
    help: 'Requests refused',
    type: 'counter',
    labels: ['reason'],
    read: () => [[{ reason: 'queue_full' }, 5]],
  })

  await registry.metrics()

  assert.match(await registry.metrics(), /headgate_shed_total\{reason="queue_full"\} 5\n/)
})

test('requests are counted by route, method and status, and timed by route', async () => {
  const registry = new Registry()
  const requests = new RequestMetrics(registry)

  requests.count('/', 'GET', 200, 0.004)
  requests.count('/', 'GET', 200, 0.004)
  requests.count('/', 'POST', 503, 2)
  requests.count('/api', 'GET', 200, 0.1)

  const text = await registry.metrics()
  assert.match(text, /headgate_requests_total\{route="\/",method="GET",status="200"\} 2\n/)
  assert.match(text, /headgate_requests_total\{route="\/",method="POST",status="503"\} 1\n/)
  assert.match(text, /headgate_request_duration_seconds_bucket\{le="0.005",route="\/"\} 2\n/)
  assert.match(text, /headgate_request_duration_seconds_count\{route="\/"\} 3\n/)
  assert.match(text, /headgate_request_duration_seconds_sum\{route="\/api"\} 0.1\n/)
})

test('a histogram is made of what a record has counted in classes', async () => {
  const registry = new Registry()
  registerHistogram(registry, {
    name: 'headgate_age_seconds',
    help: 'Ages',
    labels: ['server'],
    bounds: [1, 5],
    read: () => [{ labels: { server: 'a:1' }, counts: [2, 3, 1], sum: 30 }],
  })

  const text = await registry.metrics()

  assert.match(text, /# TYPE headgate_age_seconds histogram\n/)
  assert.match(text, /headgate_age_seconds_bucket\{le="1",server="a:1"\} 2\n/)
  assert.match(text, /headgate_age_seconds_bucket\{le="5",server="a:1"\} 5\n/)
  assert.match(text, /headgate_age_seconds_bucket\{le="\+Inf",server="a:1"\} 6\n/)
  assert.match(text, /headgate_age_seconds_sum\{server="a:1"\} 30\n/)
  assert.match(text, /headgate_age_seconds_count\{server="a:1"\} 6\n/)
})
