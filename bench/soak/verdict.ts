import { median } from '../statistics.ts'

/** What was read of the gateway at one time, of all its processes together. */
export interface Reading {
  /** Since the start, ms. */
  atMs: number
  rssBytes: number
  heapBytes: number
  handles: number
  fileDescriptors: number
  /** p99 of the last interval, ms. */
  loopDelayMs: number
  requests: number
  errors: number
}

/** What may grow, and by how much it may be more at the end than before, beside a tenth. */
const watched = [
  { key: 'rssBytes', title: 'resident memory', slack: 32e6 },
  { key: 'heapBytes', title: 'heap', slack: 8e6 },
  { key: 'handles', title: 'handles', slack: 20 },
  { key: 'fileDescriptors', title: 'file descriptors', slack: 20 },
] as const

/** Until then caches fill and code is compiled: it says nothing, as a share of the time. */
const warmUp = 0.4
/** What is left, in so many parts: the last is held against the first. */
const parts = 3
/** Code is compiled for as long, however little there is to do: what is shorter tells nothing, ms. */
const leastMs = 170_000

export function isLongEnough(readings: readonly Reading[]): boolean {
  return (readings.at(-1)?.atMs ?? 0) >= leastMs
}

/**
 * What has grown without an end in sight, in words; empty where nothing has. Of each part only the lower half counts: what
 * a collection has left, and not what had gathered since the last one.
 */
export function trends(readings: readonly Reading[]): string[] {
  const settled = readings.slice(Math.floor(readings.length * warmUp))
  const size = Math.floor(settled.length / parts)
  if (!isLongEnough(readings)) return []
  return watched.flatMap(({ key, title, slack }) => {
    const levels = Array.from({ length: parts }, (_, index) =>
      floorOf(settled.slice(index * size, (index + 1) * size).map((reading) => reading[key])),
    )
    const [first, middle, last] = levels as [number, number, number]
    const isGrowing = first < middle && middle < last && last > first * 1.1 + slack
    return isGrowing ? [`${title} grows: ${levels.map((level) => level.toPrecision(4)).join(', ')}`] : []
  })
}

function floorOf(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return median(sorted.slice(0, Math.ceil(sorted.length / 2)))
}
