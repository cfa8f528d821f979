import { parseArgs } from 'node:util'
import type { AlgorithmName } from '../src/balance/algorithm.ts'
import { type Result, simulate } from './simulation/run.ts'
import { scenarios } from './simulation/scenario.ts'

/*
 * The balancer itself, on a virtual clock, against simulated servers:
 *
 *   node bench/simulate.ts                                   every scenario
 *   node bench/simulate.ts overload 'cold join'              those whose names contain one of these
 *   node bench/simulate.ts --algorithm adaptive --seed 7     one algorithm; another run
 *
 * Ten servers of 8 slots and 20 ms (exponential) each unless a scenario says otherwise, and a deadline of 1 s. p50 and
 * p99 are those of the requests that were admitted, in milliseconds; goodput is relative to what the servers can do.
 */

const { values, positionals } = parseArgs({
  options: { algorithm: { type: 'string', multiple: true }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const { algorithm: algorithms = ['adaptive', 'least-request', 'round-robin', 'weighted-random'], seed } =
  values

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`.padStart(11)
}

function row(algorithm: string, { p50, p99, ...result }: Result): string {
  const times = [p50, p99].map((ms) => ms.toFixed(0).padStart(7))
  const shares = [result.errors, result.failed, result.timedOut, result.shed, result.goodput].map(percent)
  return `  ${algorithm.padEnd(16)}${times.join('')}${shares.join('')}`
}

for (const scenario of scenarios) {
  const { name } = scenario
  if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) continue
  console.log(`\n${name}`)
  console.log('                      p50    p99     errors     failed  timed out       shed    goodput')
  for (const algorithm of algorithms) {
    console.log(row(algorithm, await simulate(scenario, algorithm as AlgorithmName, Number(seed))))
  }
}
