import { seededRandom } from '../simulation/seeded-random.ts'

/** A request of a trace. */
export interface Arrival {
  /** When it is to be sent, ms from the start. */
  atMs: number
  /** How long a server works on it, ms. */
  workMs: number
}

export interface TraceOptions {
  /** Requests a second. */
  rate: number
  seconds: number
  seed: number
  /** Mean time that a server works on a request, exponential, ms. Default 0. */
  workMs?: number
  /** At even distances; otherwise at random ones (Poisson). */
  isEven?: boolean
}

/** The same requests at the same times for the same seed, whoever answers them. */
export function traceOf({ rate, seconds, seed, workMs = 0, isEven = false }: TraceOptions): Arrival[] {
  const random = seededRandom(seed)
  const exponential = () => -Math.log(1 - random())
  const arrivals: Arrival[] = []
  const gapMs = 1000 / rate
  for (let atMs = 0; ; ) {
    atMs += isEven ? gapMs : exponential() * gapMs
    if (atMs >= seconds * 1000) return arrivals
    arrivals.push({ atMs, workMs: workMs === 0 ? 0 : exponential() * workMs })
  }
}
