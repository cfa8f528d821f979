import type { GatewaySnapshot, ServerSnapshot, UpstreamSnapshot } from '../../view/snapshot.ts'

/** Two snapshots, the later one last, and what has gone on between them. */
export class Interval {
  readonly now: GatewaySnapshot
  readonly #before: GatewaySnapshot
  readonly #seconds: number

  /** A gateway that has begun anew in between has counted from 0. */
  constructor(before: GatewaySnapshot, now: GatewaySnapshot) {
    this.now = now
    this.#before = before
    this.#seconds = (now.takenAt - before.takenAt) / 1000
  }

  /** What a counter has grown by. */
  growth(read: (snapshot: GatewaySnapshot) => number | undefined): number {
    return Math.max(0, (read(this.now) ?? 0) - (read(this.#before) ?? 0))
  }

  /** The same, in a second. */
  rate(read: (snapshot: GatewaySnapshot) => number | undefined): number {
    return this.#seconds > 0 ? this.growth(read) / this.#seconds : 0
  }
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** Requests that were really sent to a server. */
export function sentTo({ outcomes }: ServerSnapshot): number {
  return sum(outcomes) - outcomes.unused
}

export function upstreamIn({ upstreams }: GatewaySnapshot, name: string): UpstreamSnapshot | undefined {
  return upstreams.find((upstream) => upstream.name === name)
}

export function serverIn(
  snapshot: GatewaySnapshot,
  upstream: string,
  name: string,
): ServerSnapshot | undefined {
  return upstreamIn(snapshot, upstream)?.servers.find((server) => server.name === name)
}

/** Three digits that matter. */
export function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

export function percent(share: number): string {
  if (!Number.isFinite(share)) return '-'
  return `${share > 0 && share < 0.1 ? number(share * 100) : Math.round(share * 100)} %`
}

export function milliseconds(value: number): string {
  if (value === 0) return '-'
  return value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

export function bytes(value: number): string {
  if (value >= 2 ** 30) return `${number(value / 2 ** 30)} GB`
  if (value >= 2 ** 20) return `${number(value / 2 ** 20)} MB`
  return value >= 2 ** 10 ? `${number(value / 2 ** 10)} kB` : `${value} B`
}
