import type { Algorithm, AlgorithmName } from './algorithm.ts'
import { WeightedRandom } from './weighted-random.ts'

/** The algorithm of a name. */
export function createAlgorithm<Pool>(_name: AlgorithmName, random: () => number): Algorithm<Pool> {
  return new WeightedRandom(random)
}
