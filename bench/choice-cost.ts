import type { AlgorithmName } from '../src/balance/algorithm.ts'
import type { ServerSpec } from '../src/balance/server.ts'
import { Upstream } from '../src/balance/upstream.ts'
import { VirtualClock } from './simulation/virtual-clock.ts'

/*
 * What a choice costs, among 10 servers and among 10 000, and what a new list costs in all its turns (how long one turn
 * holds everything up: list-pauses.ts):
 *
 *   node bench/choice-cost.ts
 *
 * A choice is `tryReserve` and `release` with 64 requests in flight. A list replaces a tenth of the servers and changes
 * the weights of all; the middle one of ten, once the process is warm. Both are only worth something on a machine that does
 * nothing else.
 */

const algorithms: AlgorithmName[] = ['adaptive', 'weighted-random', 'round-robin', 'least-request', 'hash']
const inFlight = 64
const rounds = 500_000

function listOf(count: number, generation: number): ServerSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index % 10 === 0 ? `${index}-${generation}` : `${index}`,
    protocol: 'http:',
    host: 'nowhere',
    port: 80,
    weight: 1 + ((index * (generation + 1)) % 97),
    draining: false,
  }))
}

function measure(algorithm: AlgorithmName, count: number): { choiceNs: number; applyMs: number } {
  const clock = new VirtualClock()
  const upstream = new Upstream({ name: 'bench', balance: { algorithm }, openPool: () => undefined, clock })
  const applyMs: number[] = []
  for (let generation = 0; generation < 20; generation++) {
    const list = listOf(count, generation)
    const startedAt = performance.now()
    upstream.apply(list)
    while (clock.step(clock.now()));
    if (generation >= 10) applyMs.push(performance.now() - startedAt)
  }
  const contexts = Array.from({ length: 1_000 }, (_, index) => ({ hashKey: `key-${index}` }))
  const held = Array.from({ length: inFlight }, () => upstream.tryReserve({})!)
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 4; run++) {
    const startedAt = performance.now()
    for (let round = 0; round < rounds; round++) {
      const place = round % inFlight
      held[place]!.release('success', 5)
      held[place] = upstream.tryReserve(contexts[round % contexts.length]!)!
    }
    best = Math.min(best, performance.now() - startedAt)
  }
  return { choiceNs: (best * 1e6) / rounds, applyMs: applyMs.sort((a, b) => a - b)[applyMs.length >> 1]! }
}

console.log('                    among 10    among 10 000   ratio    a new list of 10 000')
for (const algorithm of algorithms) {
  const few = measure(algorithm, 10)
  const many = measure(algorithm, 10_000)
  const ratio = (many.choiceNs / few.choiceNs).toFixed(1)
  const times = [few, many].map(({ choiceNs }) => `${choiceNs.toFixed(0)} ns`.padStart(10))
  console.log(
    `  ${algorithm.padEnd(16)}${times[0]}${times[1]?.padStart(16)}${ratio.padStart(8)}${`${many.applyMs.toFixed(1)} ms`.padStart(14)}`,
  )
}
