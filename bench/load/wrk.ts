import { fileURLToPath } from 'node:url'
import { Child } from '../machine/child.ts'
import { pathOf } from '../machine/installed.ts'
import type { Load, LoadResult } from './load.ts'

const script = fileURLToPath(new URL('wrk.lua', import.meta.url))

/** Drives with wrk, on one thread. */
export async function runWrk(load: Load, folder: string): Promise<LoadResult> {
  const { port, path, method, bodyBytes, connections, seconds, pathCount, isInOrder = false } = load
  const url = `http://127.0.0.1:${port}${pathCount === undefined ? path : '/'}`
  const child = new Child({
    role: 'load',
    command: pathOf('wrk') as string,
    args: ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s', '-s', script, url],
    env: {
      ...(method !== undefined && { BENCH_METHOD: method }),
      ...(bodyBytes !== undefined && { BENCH_BODY_BYTES: String(bodyBytes) }),
      BENCH_ORDER: isInOrder ? '1' : '0',
      ...(pathCount !== undefined && { BENCH_PATTERN: path, BENCH_COUNT: String(pathCount) }),
    },
    folder,
    keepsOutput: true,
  })
  return readReport(await child.output())
}

/** Reads the line that `wrk.lua` writes below wrk's own report. */
export function readReport(output: string): LoadResult {
  const line = /^BENCH (\{.*\})$/m.exec(output)?.[1]
  if (line === undefined) throw new Error(`wrk made no report: ${output}`)
  const { requests, microseconds, bytes, errors, p50, p99 } = JSON.parse(line) as Record<string, number>
  return {
    requests: requests as number,
    seconds: (microseconds as number) / 1e6,
    bytes: bytes as number,
    errors: errors as number,
    p50: (p50 as number) / 1000,
    p99: (p99 as number) / 1000,
  }
}
