import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type HistogramSeries, registerHistogram } from '../src/metrics/histogram-series.ts'
import { RequestMetrics } from '../src/metrics/request-metrics.ts'
import { registerSeries, type Series } from '../src/metrics/series.ts'

export interface MetricsOptions {
  /** What is measured beside requests and the process; read at each scrape. Default none. */
  series?: readonly Series[]
  /** The same for distributions. Default none. */
  histograms?: readonly HistogramSeries[]
  /** Also serve `GET /metrics` here. Default true. */
  expose?: boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: GatewayMetrics
  }
}

/** The metrics of one gateway, in a registry of its own. */
export interface GatewayMetrics {
  readonly registry: Registry
  readonly requests: RequestMetrics
}

/** `GET /metrics` in Prometheus' text format. */
async function metricsPlugin(
  app: FastifyInstance,
  { series = [], histograms = [], expose = true }: MetricsOptions,
): Promise<void> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new RequestMetrics(registry)
  for (const one of series) registerSeries(registry, one)
  for (const one of histograms) registerHistogram(registry, one)
  app.decorate('metrics', { registry, requests })
  if (expose) exposeMetrics(app, () => registry.metrics())
  app.addHook('onClose', () => registry.clear())
}

/** Adds `GET /metrics` to an application, the one of the admin port say. */
export function exposeMetrics(app: FastifyInstance, metrics: () => Promise<string>): void {
  app.get('/metrics', async (_request, reply) => {
    reply.type(Registry.PROMETHEUS_CONTENT_TYPE)
    return metrics()
  })
}

export default fp(metricsPlugin, { fastify: '5.x', name: 'headgate-metrics' })
