import type { AgentItem, UtilizationCategory } from '../discovery/agent-protocol.ts'

/** A server of the demo, as its agent sees it. */
export interface Member {
  name: string
  port: number
  /** The middle of its scores. */
  score: number
  /** How far they swing. */
  swing: number
  /** Takes its turn at being away. */
  leaves: boolean
}

/** Milliseconds after which the story begins anew. */
const roundMs = 75_000
/** When the server that leaves says so, and when it is back, in a round. */
const awayMs = { from: 50_000, to: 62_000 } as const

/** What the agent announces at a moment of the demo: scores that move, and a server that goes and returns. */
export function announce(members: readonly Member[], elapsedMs: number): AgentItem[] {
  const now = elapsedMs % roundMs
  const isAway = now >= awayMs.from && now < awayMs.to
  return members.map(({ port, score, swing, leaves }, index) => ({
    dns_name: '127.0.0.1',
    port,
    score: Math.round((score + swing * Math.sin(elapsedMs / 6_000 + index * 2)) * 10) / 10,
    utilization_category: leaves && isAway ? 'SUNDOWN' : categoryOf(score),
  }))
}

function categoryOf(score: number): UtilizationCategory {
  return score > 60 ? 'LU' : score > 30 ? 'MU' : 'HU'
}
