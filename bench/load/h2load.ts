import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../machine/child.ts'
import { pathOf } from '../machine/installed.ts'
import { percentile, sum } from '../statistics.ts'
import type { Load, LoadResult } from './load.ts'

/** Drives HTTPS with HTTP/2, on one thread. */
export async function runH2load(load: Load, folder: string): Promise<LoadResult> {
  const { port, path, connections, streams = 1, seconds } = load
  const program = pathOf('h2load')
  if (program === undefined) throw new Error('h2load is not installed')
  const log = join(folder, 'h2load.log')
  const url = `https://127.0.0.1:${port}${path}`
  const child = new Child({
    role: 'load',
    command: program,
    args: ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`, `--log-file=${log}`, url],
    folder,
    keepsOutput: true,
  })
  return readH2loadReport(await child.output(), readFileSync(log, 'latin1'))
}

/**
 * Reads what h2load says at its end, and the log that it writes.
 *
 * @param log a line for each request: its start, its status (-1 = none), and how long it took, us
 */
export function readH2loadReport(output: string, log: string): LoadResult {
  const duration = /^finished in ([\d.]+)(ms|s)/m.exec(output)
  const total = /^traffic: .*?\((\d+)\) total/m.exec(output)?.[1]
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)
  if (duration === null || total === undefined || counts === null)
    throw new Error(`h2load made no report: ${output}`)
  const [succeeded = 0, ...failures] = counts.slice(1).map(Number)
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(Number))
  const answered = lines.filter(([, status = -1]) => status >= 200 && status < 400)
  const times = answered.map(([, , us = 0]) => us / 1000).sort((one, other) => one - other)
  return {
    requests: succeeded,
    seconds: Number(duration[1]) / (duration[2] === 'ms' ? 1000 : 1),
    bytes: Number(total),
    errors: sum(failures),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  }
}
