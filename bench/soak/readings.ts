import { readdirSync } from 'node:fs'
import { pidsBelow, usageOf } from '../machine/proc-stat.ts'
import type { Reading } from './verdict.ts'

/** Reads what a gateway and its processes hold: what the system knows, and the rest from its own metrics. */
export async function read(
  pid: number,
  metricsUrl: string,
): Promise<Pick<Reading, 'rssBytes' | 'heapBytes' | 'handles' | 'fileDescriptors' | 'loopDelayMs'>> {
  const text = await (await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) })).text()
  return {
    rssBytes: usageOf(pid)?.rssBytes ?? Number.NaN,
    heapBytes: sample(text, 'nodejs_heap_size_used_bytes'),
    handles: sample(text, 'nodejs_active_handles_total'),
    fileDescriptors: pidsBelow(pid).reduce((total, one) => total + descriptorsOf(one), 0),
    loopDelayMs: sample(text, 'nodejs_eventloop_lag_p99_seconds') * 1000,
  }
}

function sample(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1))
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}
