import { Adaptive } from './adaptive.ts'
import type { Algorithm, AlgorithmName } from './algorithm.ts'
import { Hash } from './hash.ts'
import { LeastRequest } from './least-request.ts'
import { RoundRobin } from './round-robin.ts'
import { WeightedRandom } from './weighted-random.ts'

const algorithms = {
  adaptive: Adaptive,
  'weighted-random': WeightedRandom,
  'round-robin': RoundRobin,
  'least-request': LeastRequest,
  hash: Hash,
} as const

/** A fresh instance of the algorithm of a name. */
export function createAlgorithm<Pool>(name: AlgorithmName, random: () => number): Algorithm<Pool> {
  return new algorithms[name]<Pool>(random)
}
