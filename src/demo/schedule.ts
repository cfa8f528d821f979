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

/**
 * When the server that leaves says so, and when it is back; after a round it all begins anew. Milliseconds.
 * It is away for so short a time that the shares of a minute still say what the scores say.
 */
export const story = { leavesAtMs: 60_000, returnsAtMs: 67_000, roundMs: 90_000 } as const

/** What the agent announces at a moment of the demo: scores that move, and a server that goes and returns. */
export function announce(members: readonly Member[], elapsedMs: number): AgentItem[] {
  const now = elapsedMs % story.roundMs
  const isAway = now >= story.leavesAtMs && now < story.returnsAtMs
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
