/*
 * Holds the gateway under a mixed load, and looks whether anything grows or fails: GETs, POSTs, stored assets,
 * WebSockets, clients that leave, connections to servers that retire early, a server that comes and goes, reloads.
 *
 *   npm run soak                          ten minutes
 *   npm run soak -- 3m --workers=2 --rate=300
 *
 * Prints a table. Ends with 1 where something has grown without an end, or a request has failed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseDuration } from '../../src/config/units.ts'
import { Child } from '../machine/child.ts'
import { freePort, isListening } from '../machine/ports.ts'
import { Backend } from './backend.ts'
import { MixedLoad } from './load.ts'
import { read } from './readings.ts'
import { isLongEnough, type Reading, trends } from './verdict.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname
const collect = new URL('collect.mjs', import.meta.url).href
/** Bounds of what may be asked for. */
const longestMs = 24 * 3_600_000
const mostPerSecond = 2_000
/** How often a server leaves or returns, and the configuration is read again, ms. */
const memberMs = 6_000
const reloadMs = 10_000
/** A server that was taken off the list has time to finish, ms. */
const sundownMs = 2_500

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', default: '1' }, rate: { type: 'string', default: '150' } },
})
const durationMs = Math.min(parseDuration(positionals[0] ?? '10m') ?? Number.NaN, longestMs)
const perSecond = Math.min(Number(values.rate), mostPerSecond)
if (!(durationMs > 0 && perSecond > 0)) {
  console.error('Usage: npm run soak -- [DURATION, such as 10m] [--workers=N] [--rate=REQUESTS_PER_SECOND]')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'headgate-soak-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const [port, adminPort] = [await freePort(), await freePort()]
const [steady, other] = [new Backend(), new Backend()]
await Promise.all([steady.come(), other.come()])
let isThere = true
let reloads = 0
configure()
list(steady, other)

const child = new Child({
  role: 'gateway',
  command: process.execPath,
  args: ['--expose-gc', '--import', collect, main, '--config', join(folder, 'headgate.json')],
  folder,
})
if (!(await isListening(port, 30_000, () => child.hasEnded))) {
  console.error(`The gateway does not start: ${child.complaint}`)
  process.exit(1)
}
const load = new MixedLoad(`http://127.0.0.1:${port}`, perSecond)
const readings: Reading[] = []
const startedAt = performance.now()
const timers = [
  setInterval(comeOrGo, memberMs),
  setInterval(() => {
    reloads++
    configure()
    child.signal('SIGHUP')
  }, reloadMs),
]
console.log('   time  requests  errors  RSS MB  heap MB  handles    fds  loop p99 ms')
while (performance.now() - startedAt < durationMs && !child.hasEnded) {
  await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, durationMs / 20)))
  await take()
}
for (const timer of timers) clearInterval(timer)
await load.stop()
const hasDied = child.hasEnded
await child.stop()

const faults = [
  ...(hasDied ? [`the gateway has ended: ${child.complaint}`] : []),
  ...(load.errors > 0 ? [`${load.errors} of ${load.requests} requests failed`, ...load.complaints] : []),
  ...trends(readings),
]
if (!isLongEnough(readings)) console.log('Too short to tell whether anything grows: three minutes, at least.')
console.log(faults.length === 0 ? `Nothing grows, nothing failed; ${reloads} reloads.` : faults.join('\n'))
process.exit(faults.length === 0 ? 0 : 1)

async function take(): Promise<void> {
  const held = await read(child.pid, `http://127.0.0.1:${adminPort}/metrics`).catch(() => undefined)
  if (held === undefined) return
  const { requests, errors } = load
  const reading = { atMs: performance.now() - startedAt, requests, errors, ...held }
  readings.push(reading)
  console.log(
    [
      `${(reading.atMs / 1000).toFixed(0)} s`.padStart(7),
      String(requests).padStart(9),
      String(errors).padStart(7),
      (held.rssBytes / 1e6).toFixed(0).padStart(7),
      (held.heapBytes / 1e6).toFixed(1).padStart(8),
      String(held.handles).padStart(8),
      String(held.fileDescriptors).padStart(6),
      held.loopDelayMs.toFixed(1).padStart(12),
    ].join(' '),
  )
}

/** Takes a server off the list, lets it finish, and ends it; or the other way round. */
async function comeOrGo(): Promise<void> {
  if (isThere) {
    isThere = false
    list(steady)
    await new Promise((resolve) => setTimeout(resolve, sundownMs))
    await other.leave()
  } else {
    isThere = true
    await other.come()
    list(steady, other)
  }
}

/** The list of servers, which the gateway watches. */
function list(...backends: Backend[]): void {
  writeFileSync(join(folder, 'servers.json'), JSON.stringify(backends.map(({ url }) => ({ url }))))
}

/** A configuration that differs from the one before. */
function configure(): void {
  const config = {
    server: { host: '127.0.0.1', port, workers: Number(values.workers) },
    admin: { host: '127.0.0.1', port: adminPort },
    upstreams: {
      app: {
        discovery: { kind: 'file', path: './servers.json' },
        connections: { maxAge: '3s', maxRequests: 50 },
        // A machine that is busy with other things is no fault of the gateway.
        limits: { queueTimeout: '5s', queue: 1000 + (reloads % 2) },
      },
    },
    routes: [
      { path: '/', upstream: 'app' },
      { path: '/assets', upstream: 'app', timeout: `${30 + (reloads % 2)}s` },
    ],
    cache: { maxEntries: 200 },
  }
  writeFileSync(join(folder, 'headgate.json'), JSON.stringify(config))
}
