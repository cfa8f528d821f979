/** What is counted of the gateway at one moment. Requests, hits and connections only ever grow. */
export interface Reading {
  servers: readonly ServerReading[]
  cacheHits: number
  connections: number
}

export interface ServerReading {
  name: string
  /** The score as it was announced last, or SUNDOWN. */
  score: string
  requests: number
}

const barWidth = 10

/** The line of one second: where its requests went. `paint` colors the bar of a server. */
export function ledgerLine(
  before: Reading,
  now: Reading,
  elapsedMs: number,
  paint: (server: string, bar: string) => string,
): string {
  const counts = now.servers.map(({ requests }, index) => requests - (before.servers[index]?.requests ?? 0))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const cells = now.servers.map(({ name, score }, index) => {
    const share = total === 0 ? 0 : (counts[index] as number) / total
    const bar = '#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '.')
    const percent = String(Math.round(share * 100)).padStart(3)
    return `${name} ${score.padEnd(3)} ${paint(name, bar)} ${percent} %`
  })
  const hits = `cached ${now.cacheHits - before.cacheHits}`
  const opened = `opened ${now.connections - before.connections}`
  return [clock(elapsedMs), `sent ${String(total).padEnd(4)}`, ...cells, hits, opened].join('  ')
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}
