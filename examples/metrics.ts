/**
 * Metrics alone: `/metrics` for Prometheus, in a registry of the application's own. Numbers stand where they belong and
 * are read when Prometheus asks.
 *
 *     node examples/metrics.ts
 *     curl http://127.0.0.1:3000/metrics
 */
import fastify from 'fastify'
import { metrics } from '../src/index.ts' // in a project of your own: 'headgate'

const app = fastify({ logger: true })
const jobs = { mail: 0, report: 0 }

await app.register(metrics, {
  series: [
    {
      name: 'jobs_total',
      type: 'counter',
      help: 'Jobs that were taken, by kind',
      labels: ['kind'],
      read: () => Object.entries(jobs).map(([kind, count]) => [{ kind }, count]),
    },
  ],
})
app.addHook('onResponse', async (request, reply) => {
  const { routeOptions, method } = request
  const route = routeOptions.url ?? 'none'
  app.metrics.requests.count(route, method, reply.statusCode, reply.elapsedTime / 1000)
})
app.post('/jobs/mail', async () => ({ mail: ++jobs.mail }))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
