import { percentile } from '../statistics.ts'
import { Client } from './client.ts'
import type { OpenLoad, OpenResult } from './open-load.ts'
import { traceOf } from './trace.ts'

/*
 * Sends a trace at its own times, whatever the answers do, and prints what became of it as JSON:
 *
 *   node bench/load/open-loop.ts '{"port": 8080, "path": "/", "rate": 1000, "seconds": 5, "seed": 1}'
 *
 * Latency counts from the time at which a request was to be sent, so that nothing hides behind a late start.
 */

const load = JSON.parse(process.argv[2] as string) as OpenLoad
const { port, path, host = 'bench.test', connections = 512, timeoutMs = 5000, warmUpSeconds = 0 } = load
const trace = traceOf(load)
const client = new Client(port, connections)
const latencies: number[] = []
const lateness: number[] = []
const result: OpenResult = {
  sent: 0,
  ok: 0,
  failed: 0,
  lost: 0,
  timedOut: 0,
  p50: 0,
  p99: 0,
  max: 0,
  latenessP99: 0,
}
/** The thread sleeps on it: Node's own timers know nothing finer than 1 ms. */
const bed = new Int32Array(new SharedArrayBuffer(4))
let next = 0
let open = 0

function send({ atMs, workMs }: (typeof trace)[number], start: number): void {
  const counts = atMs >= warmUpSeconds * 1000
  const target = workMs === 0 ? path : `${path}?work=${workMs.toFixed(2)}`
  open++
  if (counts) {
    result.sent++
    lateness.push(performance.now() - start - atMs)
  }
  client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, (status) => {
    open--
    if (!counts) return
    if (status === -1) result.timedOut++
    else if (status === 0) result.lost++
    else if (status < 200 || status > 299) result.failed++
    else {
      result.ok++
      latencies.push(performance.now() - start - atMs)
    }
  })
}

function finish(): void {
  client.close()
  latencies.sort((a, b) => a - b)
  lateness.sort((a, b) => a - b)
  result.p50 = percentile(latencies, 0.5)
  result.p99 = percentile(latencies, 0.99)
  result.max = latencies.at(-1) ?? Number.NaN
  result.latenessP99 = percentile(lateness, 0.99)
  process.stdout.write(JSON.stringify(result))
}

const start = performance.now()
const givesUpAt = load.seconds * 1000 + timeoutMs

function turn(): void {
  const elapsed = performance.now() - start
  for (; next < trace.length && (trace[next] as { atMs: number }).atMs <= elapsed; next++) {
    send(trace[next] as (typeof trace)[number], start)
  }
  client.expire(start + elapsed - timeoutMs)
  if (next === trace.length && (open === 0 || elapsed > givesUpAt)) return finish()
  // Short enough to be no part of what is measured, and long enough to leave the core to those who answer.
  Atomics.wait(bed, 0, 0, 0.05)
  setImmediate(turn)
}

turn()
