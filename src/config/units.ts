const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const sizeUnits = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

/** The longest delay that a timer of Node takes: 2^31 - 1 ms, a little under 25 days. */
export const longestTimerMs = 2_147_483_647

/** Milliseconds of `"250ms"`, `"1.5s"`, `"5m"`, `"1h"` or a number of milliseconds; undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  return parse(value, durationUnits)
}

/** Bytes of `"512b"`, `"64kb"`, `"1.5mb"`, `"2gb"` (1 kb = 1024 bytes) or a number of bytes; undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  return parse(value, sizeUnits)
}

/** The shortest way to write a duration that parses to the same number: 90 000 is `90s`. */
export function formatDuration(milliseconds: number): string {
  return format(milliseconds, durationUnits)
}

/** The shortest way to write a size that parses to the same number: 65 536 is `64kb`. */
export function formatSize(bytes: number): string {
  return format(bytes, sizeUnits)
}

type Units = Readonly<Record<string, number>>

function parse(value: unknown, units: Units): number | undefined {
  if (typeof value === 'number') return isWholeAmount(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(value)
  const factor = units[match?.[2]?.toLowerCase() ?? '']
  if (match === null || factor === undefined) return undefined
  const amount = Math.round(Number(match[1]) * factor)
  return isWholeAmount(amount) ? amount : undefined
}

function isWholeAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** The largest unit of which the amount is a whole multiple; 0 takes the smallest. */
function format(amount: number, units: Units): string {
  let shortest = ''
  for (const [unit, factor] of Object.entries(units)) {
    if (shortest === '' || (amount > 0 && amount % factor === 0)) shortest = `${amount / factor}${unit}`
  }
  return shortest
}
