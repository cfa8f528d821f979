import type { AlgorithmName } from '../src/balance/algorithm.ts'
import { type Result, simulate } from './simulation/run.ts'
import { scenarios } from './simulation/scenario.ts'

/*
 * The balancer itself, on a virtual clock, against simulated servers:
 *
 *   node bench/simulate.ts                       every scenario
 *   node bench/simulate.ts overload 'cold join'  those whose names contain one of these
 *
 * Ten servers of 8 slots and 20 ms (exponential) each unless a scenario says otherwise, a deadline of 1 s, seeds fixed.
 */

const algorithms: AlgorithmName[] = ['adaptive', 'least-request', 'round-robin', 'weighted-random']

function row(algorithm: string, result: Result): string {
  const percent = (share: number) => `${(share * 100).toFixed(3)} %`.padStart(10)
  const ms = (value: number) => value.toFixed(0).padStart(7)
  const cells = [
    percent(result.errors),
    percent(result.failed),
    percent(result.timedOut),
    percent(result.shed),
  ]
  return `  ${algorithm.padEnd(16)}${ms(result.p50)}${ms(result.p99)} ${cells.join('')}${percent(result.goodput)}`
}

const wanted = process.argv.slice(2)
for (const scenario of scenarios) {
  if (wanted.length > 0 && !wanted.some((part) => scenario.name.includes(part))) continue
  console.log(`\n${scenario.name}`)
  console.log('                      p50    p99     errors    failed timed out      shed   goodput')
  for (const algorithm of algorithms) {
    if (process.env.ALGORITHM && algorithm !== process.env.ONLY) continue
    console.log(row(algorithm, await simulate(scenario, algorithm)))
  }
}
