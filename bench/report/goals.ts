import type { Row } from '../cases/case.ts'
import type { Results } from './results.ts'

/** What headgate is to reach, as a ratio within one run. */
export interface Goal {
  title: string
  /** At most this. */
  limit: number
  /** Undefined where the run has not measured it. */
  value: (results: Results) => number | undefined
}

const rowOf = (results: Results, name: string, gateway: string): Row | undefined =>
  results.cases[name]?.find((row) => row.gateway === gateway && row.state === 'measured')

const value = (results: Results, name: string, gateway: string, key: string): number | undefined =>
  rowOf(results, name, gateway)?.values[key] ?? undefined

function ratio(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor
}

/** CPU per request, in multiples of that of nginx. */
const cpuRatio = (name: string) => (results: Results) =>
  ratio(value(results, name, 'headgate', 'cpu'), value(results, name, 'nginx', 'cpu'))

/** CPU per request, in multiples of that of the best of these. */
const cpuAgainst = (name: string, gateways: readonly string[]) => (results: Results) => {
  const costs = gateways
    .map((gateway) => value(results, name, gateway, 'cpu'))
    .filter((cost) => cost !== undefined)
  return costs.length === 0 ? undefined : ratio(value(results, name, 'headgate', 'cpu'), Math.min(...costs))
}

const growthOf = (what: string) => (results: Results) =>
  results.cases.growth?.find(
    ({ group, gateway, state }) =>
      group?.startsWith(what) && gateway === 'headgate, no log' && state === 'measured',
  )?.values.growth

/** The goals, given the names of the gateways that run on Node. */
export function goals(nodePeers: readonly string[]): readonly Goal[] {
  return [
    { title: 'Proxied GET of 1 KB, CPU × nginx', limit: 1.5, value: cpuRatio('get') },
    {
      title: 'Proxied GET of 1 KB, CPU × the best other Node gateway',
      limit: 0.5,
      value: cpuAgainst('get', nodePeers),
    },
    { title: 'Cached asset of 10 KB, CPU × nginx', limit: 1, value: cpuRatio('hit') },
    { title: 'POST of 10 KB, CPU × nginx', limit: 1.5, value: cpuRatio('post') },
    { title: 'Download of 1 MB, CPU × nginx', limit: 1.5, value: cpuRatio('download') },
    {
      title: 'One worker, × two on free cores',
      limit: 1 / 1.8,
      value: (results) => ratio(1, value(results, 'workers', 'headgate, 2 workers', 'gain')),
    },
    {
      title: 'p99 at 60 % of its own maximum, × nginx',
      limit: 2,
      value: (results) =>
        ratio(value(results, 'tail', 'headgate', 'p99'), value(results, 'tail', 'nginx', 'p99')),
    },
    {
      title: 'Memory of an idle client connection, KB',
      limit: 25,
      value: (results) => value(results, 'idle', 'headgate', 'perConnection'),
    },
    { title: 'Growth of CPU per request with servers, %', limit: 10, value: growthOf('servers') },
    { title: 'Growth of CPU per request with stored responses, %', limit: 10, value: growthOf('cache') },
    { title: 'Growth of CPU per request with routes, %', limit: 10, value: growthOf('routes') },
  ]
}
