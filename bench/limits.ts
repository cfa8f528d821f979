/**
 * 100 000 requests over connections that live for 50 requests and a second: does one fail, is a POST sent twice, does a
 * connection carry more or live longer, do many close at once, and do idle ones go? Judged by the server's own count
 * and clock. Among the requests are answers and uploads that last longer than any connection may live.
 *
 * `node bench/limits.ts [http|undici|https|h2c|h2] [requests] [requests a second]`; without a protocol, each in turn.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openPool } from '../src/connections/pools.ts'
import type { ServerPool } from '../src/connections/server-pool.ts'
import { cert } from '../test/helpers/certificate.ts'
import type { Books } from './limits-server.ts'
import { percentile } from './statistics.ts'

const script = fileURLToPath(new URL('limits-server.ts', import.meta.url))
const limits = { maxRequests: 50, maxAge: 1000, jitter: 0.2 }
/** Closings are counted in windows of this length. */
const windowMs = 100

/** An upload that takes longer than any connection may live. */
async function* slowly(): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 15; piece++) {
    await sleep(100)
    yield Buffer.alloc(1000)
  }
}

/** Sends the nth request, and gives what went wrong. */
async function send(pool: ServerPool, nth: number): Promise<string | undefined> {
  const isUpload = nth % 1000 === 500
  const isPost = isUpload || nth % 4 === 0
  const payload = 'payload'
  try {
    const { statusCode, body } = await pool.request({
      path: nth % 1000 === 0 ? '/slow' : '/',
      method: isPost ? 'POST' : 'GET',
      headers: { 'x-id': String(nth) },
      body: isUpload ? Readable.from(slowly()) : isPost ? payload : null,
    })
    const text = (await body.text()).replaceAll('.', '')
    const expected = isUpload ? '15000' : isPost ? `${payload.length}` : '0'
    return statusCode === 200 && text === expected ? undefined : `${statusCode} ${text}`
  } catch (error) {
    return String(error)
  }
}

async function run(protocol: string, count: number, perSecond: number): Promise<void> {
  const server = fork(script, [protocol])
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  const pool = openPool(
    { protocol: protocol === 'https' || protocol === 'h2' ? 'https:' : 'http:', host: '127.0.0.1', port },
    {
      ...limits,
      http2: protocol.startsWith('h2'),
      driver: protocol === 'undici' ? 'undici' : 'headgate',
      tls: { ca: cert },
      // A session that carries a hundred requests at once has its fifty at once.
      maxStreams: 4,
    },
  )
  const failures: string[] = []
  const latencies: number[] = []
  const running = new Set<Promise<void>>()
  const startedAt = performance.now()
  for (let nth = 0; nth < count; ) {
    for (const due = ((performance.now() - startedAt) * perSecond) / 1000; nth < due && nth < count; nth++) {
      const sentAt = performance.now()
      const sending = send(pool, nth).then((failure) => {
        running.delete(sending)
        if (failure !== undefined) failures.push(failure)
        latencies.push(performance.now() - sentAt)
      })
      running.add(sending)
    }
    await sleep(1)
  }
  await Promise.all(running)
  latencies.sort((a, b) => a - b)
  const seconds = (performance.now() - startedAt) / 1000
  await sleep(1.5 * limits.maxAge)
  server.send('books')
  const [books] = (await once(server, 'message')) as [Books]
  await pool.close()
  server.kill()
  report(protocol, { books, failures, latencies, seconds, pool })
}

interface Outcome {
  books: Books
  failures: string[]
  latencies: number[]
  seconds: number
  pool: ServerPool
}

function report(protocol: string, { books, failures, latencies, seconds, pool }: Outcome): void {
  const { connections, requests, repeated, peak, open } = books
  const closings = connections.flatMap(({ closedAt }) => closedAt ?? [])
  const perWindow = new Map<number, number>()
  for (const at of closings) {
    const window = Math.floor(at / windowMs)
    perWindow.set(window, (perWindow.get(window) ?? 0) + 1)
  }
  const most = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => Math.max(a, b), 0)
  const reasons = Object.entries(pool.stats.closed).filter(([, closed]) => closed > 0)
  console.log(
    [
      `${protocol}: ${requests} requests in ${seconds.toFixed(0)} s, ${connections.length} connections, ${peak} at once`,
      `failures ${failures.length}${failures.length > 0 ? ` (${failures[0]})` : ''}, POSTs that came twice ${repeated.length}`,
      `most requests on a connection ${most(connections.map((seen) => seen.requests))}, greatest age at a request ${most(
        connections.map((seen) => seen.lastAge),
      ).toFixed(0)} ms`,
      `closings in ${windowMs} ms ${most(perWindow.values())} of ${closings.length}, open 1.5 s after the last ${open}`,
      `TLS sessions resumed ${pool.stats.resumed}; p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms; closed: ${reasons
        .map(([reason, closed]) => `${reason} ${closed}`)
        .join(', ')}`,
    ].join('\n  '),
  )
}

const [protocol, count = '100000', perSecond = '2000'] = process.argv.slice(2)
for (const one of protocol === undefined ? ['http', 'undici', 'https', 'h2c', 'h2'] : [protocol]) {
  await run(one, Number(count), Number(perSecond))
}
