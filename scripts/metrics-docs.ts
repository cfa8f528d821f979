import { createGateway } from '../src/gateway.ts'
import { workerSeries } from '../src/worker-series.ts'
import { cell, table } from './markdown.ts'

const introduction = `# Metrics

*This page is made from the code by \`npm run docs\`.*

\`GET /metrics\` answers in Prometheus' text format: on the main port, or on the admin port alone where the configuration
has one. Beside these there are prom-client's metrics of the process (\`process_*\`, \`nodejs_*\`). The label \`server\` is
\`host:port\`.
`

/** What the types of prom-client do not say of a metric. */
interface Metric {
  name: string
  help: string
  type: string
  labelNames?: readonly string[]
}

/** docs/metrics.md, from the registry of a gateway. */
export async function metricsDocs(): Promise<string> {
  const gateway = await createGateway({
    upstreams: { app: { servers: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [{ path: '/', upstream: 'app' }],
    logging: { level: 'silent' },
  })
  const metrics = gateway.metrics.registry.getMetricsAsArray() as unknown as Metric[]
  await gateway.close()
  const ofWorkers = workerSeries({ serving: () => 0, configured: 0, deaths: () => 0 })
  const rows = [...metrics, ...ofWorkers.map(({ labels, ...rest }) => ({ ...rest, labelNames: labels }))]
    .filter(({ name }) => name.startsWith('headgate_'))
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({ name, type, labelNames = [], help }) => [
      `\`${name}\``,
      type,
      labelNames.map((label) => `\`${label}\``).join(', '),
      cell(help),
    ])
  return [introduction, table(['metric', 'type', 'labels', 'meaning'], rows), ''].join('\n')
}
