import { fileURLToPath } from 'node:url'
import { runForJson } from '../machine/run.ts'
import { percentile } from '../statistics.ts'
import { Client } from './client.ts'
import type { Load, LoadResult } from './load.ts'

/*
 * The place of wrk where it is not installed: each connection sends its next request when its answer has come.
 *
 *   node bench/load/closed-loop.ts '{"port": 8080, "path": "/", "connections": 64, "seconds": 2}'
 */

const script = fileURLToPath(import.meta.url)

export function runClosedLoop(load: Load, folder: string): Promise<LoadResult> {
  return runForJson({ role: 'load', command: process.execPath, args: [script, JSON.stringify(load)], folder })
}

function drive(load: Load): void {
  const {
    port,
    path,
    method = 'GET',
    bodyBytes = 0,
    connections,
    seconds,
    pathCount = 1,
    isInOrder = false,
  } = load
  const client = new Client(port, connections)
  const latencies: number[] = []
  const body = 'x'.repeat(bodyBytes)
  const length = bodyBytes > 0 ? `Content-Length: ${bodyBytes}\r\n` : ''
  const start = performance.now()
  const end = start + seconds * 1000
  let errors = 0
  let last = -1

  function sendNext(): void {
    const sentAt = performance.now()
    if (sentAt >= end) return
    last = isInOrder ? (last + 1) % pathCount : Math.floor(Math.random() * pathCount)
    const target = path.replace('%d', String(last))
    client.send(
      `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}\r\n${body}`,
      (status) => {
        latencies.push(performance.now() - sentAt)
        if (status < 200 || status > 399) errors++
        // Where the connection has just been lost, its place is free a moment later.
        setImmediate(sendNext)
      },
    )
  }

  for (let count = 0; count < connections; count++) sendNext()
  setTimeout(() => {
    client.close()
    const requests = latencies.length
    latencies.sort((a, b) => a - b)
    const result: LoadResult = {
      requests,
      seconds: (performance.now() - start) / 1000,
      bytes: Number.NaN,
      errors,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    }
    process.stdout.write(JSON.stringify(result))
  }, seconds * 1000)
}

if (process.argv[1] === script) drive(JSON.parse(process.argv[2] as string) as Load)
