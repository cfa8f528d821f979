/** The seconds between events that come at random, mean 1. */
export function exponential(random: () => number): number {
  return -Math.log(1 - random())
}

/** Draws service times of mean 1 and this coefficient of variation: 1 is exponential, above it the tail is heavy. */
export function serviceTimes(variation: number, random: () => number): () => number {
  if (variation <= 1) return () => exponential(random)
  // Log-normal: the logarithm's variance is ln(1 + cv^2), and its mean makes the mean 1.
  const variance = Math.log(1 + variation ** 2)
  const deviation = Math.sqrt(variance)
  return () => Math.exp(-variance / 2 + deviation * normal(random))
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** The value below which this share of the sorted values lies. */
export function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}
