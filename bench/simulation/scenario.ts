import type { LimitOptions } from '../../src/balance/options.ts'
import type { Behaviour } from './backend.ts'

/** What happens to a server, and when. */
export interface Change {
  atMs: number
  server: number
  /** Its new behaviour, in part; or whether it is listed. */
  behaviour?: Partial<Behaviour>
  listed?: boolean
  /** Its new weight. */
  weight?: number
}

export interface Scenario {
  name: string
  /** Requests as a share of what all servers together can do, by time. */
  load: number | ((ms: number) => number)
  /** Slots of each server; servers beyond `listed` join later. @default 10 of 8 */
  slots?: readonly number[]
  /** The weights as announced. @default the slots */
  weights?: readonly number[]
  /** Servers that are listed at the start. @default all */
  listed?: number
  /** Coefficient of variation of the service time. @default 1 */
  variation?: number
  /** Gateways that share the requests evenly, and know nothing of each other. @default 1 */
  gateways?: number
  changes?: readonly Change[]
  limits?: LimitOptions
  /** Simulated time that counts, after a warm-up of 5 s. @default 25 s */
  measuredMs?: number
}

export const serviceMs = 20
export const warmUpMs = 5_000

const ten = (slots: number) => Array.from({ length: 10 }, () => slots)
const unequal = [4, 4, 4, 8, 8, 8, 8, 16, 16, 16]
const slow: Partial<Behaviour> = { serviceMs: serviceMs * 10 }
const blackHole: Partial<Behaviour> = { failing: 1, failsAfterMs: 1 }
/** Twice what a server can work on at once, as an operator would set it. */
const bounded: LimitOptions = { maxInFlight: 16, queue: 400, queueTimeout: 100 }

function flapping(server: number, periodMs: number): Change[] {
  const changes: Change[] = []
  for (let at = warmUpMs; at < warmUpMs + 25_000; at += periodMs * 2) {
    changes.push({ atMs: at, server, behaviour: blackHole })
    changes.push({ atMs: at + periodMs, server, behaviour: { failing: 0 } })
  }
  return changes
}

export const scenarios: readonly Scenario[] = [
  { name: 'equal, 80 %', load: 0.8 },
  { name: 'equal, 95 %', load: 0.95 },
  { name: 'capacities 1:2:4, right scores, 80 %', load: 0.8, slots: unequal },
  { name: 'capacities 1:2:4, all scored 1, 80 %', load: 0.8, slots: unequal, weights: ten(1) },
  {
    name: 'capacities 1:2:4, scores inverted, 80 %',
    load: 0.8,
    slots: unequal,
    weights: unequal.map((s) => 64 / s),
  },
  { name: 'capacities 1:2:4, right scores, 95 %', load: 0.95, slots: unequal },
  { name: 'capacities 1:2:4, all scored 1, 95 %', load: 0.95, slots: unequal, weights: ten(1) },
  { name: 'one server 10x slow, 80 %', load: 0.8, changes: [{ atMs: warmUpMs, server: 0, behaviour: slow }] },
  {
    name: 'one fails in 1 ms, 80 %',
    load: 0.8,
    changes: [{ atMs: warmUpMs, server: 0, behaviour: blackHole }],
  },
  {
    name: 'one fails 20 %, 80 %',
    load: 0.8,
    changes: [{ atMs: warmUpMs, server: 0, behaviour: { failing: 0.2 } }],
  },
  { name: 'one flaps every 3 s, 80 %', load: 0.8, changes: flapping(0, 3_000) },
  { name: 'cold join, 80 %', load: 0.8, listed: 9, changes: coldJoin() },
  { name: 'joining one by one', load: 0.5, listed: 5, changes: joiningOneByOne() },
  { name: 'heavy tails (cv 3), 80 %', load: 0.8, variation: 3 },
  { name: 'three servers, 80 %', load: 0.8, slots: [8, 8, 8] },
  {
    name: 'three servers, one 10x slow, 60 %',
    load: 0.6,
    slots: [8, 8, 8],
    changes: [{ atMs: warmUpMs, server: 0, behaviour: slow }],
  },
  { name: 'burst of 10x for 200 ms, 50 %', load: (ms) => (ms % 5_000 < 200 ? 5 : 0.5), limits: bounded },
  { name: 'overload 105 %', load: 1.05, limits: bounded },
  { name: 'overload 130 %', load: 1.3, limits: bounded },
  { name: 'overload 200 %', load: 2, limits: bounded },
  { name: 'overload 105 %, limit adaptive', load: 1.05, limits: { ...bounded, maxInFlight: 'adaptive' } },
  { name: 'overload 200 %, limit adaptive', load: 2, limits: { ...bounded, maxInFlight: 'adaptive' } },
  {
    name: '100 gateways, 100 servers, 80 %',
    load: 0.8,
    slots: Array.from({ length: 100 }, () => 8),
    gateways: 100,
    measuredMs: 4_000,
  },
]

/** The tenth server joins cold: for 3 s it works at a fifth of its speed. */
function coldJoin(): Change[] {
  return [
    { atMs: 0, server: 9, behaviour: { serviceMs: serviceMs * 5 } },
    { atMs: warmUpMs, server: 9, listed: true },
    { atMs: warmUpMs + 3_000, server: 9, behaviour: { serviceMs } },
  ]
}

function joiningOneByOne(): Change[] {
  return [5, 6, 7, 8, 9].map((server, index) => ({ atMs: warmUpMs + index * 4_000, server, listed: true }))
}
