import type http from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import test, { type TestContext } from 'node:test'
import { Http2Pool } from '../../src/connections/http2/http2-pool.ts'
import type { RecyclingPoolOptions } from '../../src/connections/pool-options.ts'
import { RecyclingPool } from '../../src/connections/recycling-pool.ts'
import type { ServerPool } from '../../src/connections/server-pool.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { countingServer } from '../unit/connections/counting-server.ts'
import { h2Server } from '../unit/connections/http2/h2-server.ts'
import { type Outcome, send } from '../unit/connections/send.ts'

/** What the server has seen of a connection. */
interface Seen {
  requests: number
  lastAge: number
  closedAt: number | undefined
}

export interface Subject {
  clock: FakeClock
  pool: ServerPool
  /** The server's books. */
  server: { origin: string; open: number; peak: number; stopListening(): void; close(): void }
  seen(): Seen[]
  /** Requests that have come and wait for their answer. */
  held(): number
  /** Answers those that wait, `most` of them. */
  answer(most?: number): void
  /** A request that is answered at once. */
  now(): Promise<Outcome>
}

type Open = (t: TestContext, options: RecyclingPoolOptions) => Promise<Subject>

async function overHttp1(
  t: TestContext,
  options: RecyclingPoolOptions,
  driver: 'headgate' | 'undici',
): Promise<Subject> {
  const clock = new FakeClock()
  const held: http.ServerResponse[] = []
  const respond: http.RequestListener = (request, response) => {
    if (request.url === '/now') response.end('ok')
    else held.push(response)
  }
  const server = await countingServer(t, respond, { clock })
  const pool = new RecyclingPool(server.origin, { clock, driver, ...options })
  return subject(
    t,
    clock,
    pool,
    server,
    () => server.connections,
    held,
    (response) => response.end('ok'),
  )
}

/** One request at a time on each session, so that the numbers are those of HTTP/1.1. */
async function overHttp2(t: TestContext, options: RecyclingPoolOptions): Promise<Subject> {
  const clock = new FakeClock()
  const held: ServerHttp2Stream[] = []
  const answer = (stream: ServerHttp2Stream) => {
    stream.respond()
    stream.end('ok')
  }
  const respond = (stream: ServerHttp2Stream, headers: { ':path'?: string | undefined }) => {
    if (headers[':path'] === '/now') answer(stream)
    else held.push(stream)
  }
  const server = await h2Server(t, respond, { clock })
  const pool = new Http2Pool(server.origin, { clock, maxStreams: 1, ...options })
  return subject(t, clock, pool, server, () => server.sessions, held, answer)
}

function subject<Held>(
  t: TestContext,
  clock: FakeClock,
  pool: ServerPool,
  server: Subject['server'],
  seen: () => Seen[],
  held: Held[],
  answer: (response: Held) => unknown,
): Subject {
  t.after(() => pool.destroy())
  return {
    clock,
    pool,
    server,
    seen,
    held: () => held.length,
    answer: (most = Number.POSITIVE_INFINITY) => {
      for (const response of held.splice(0, most)) answer(response)
    },
    now: () => send(pool, { path: '/now' }),
  }
}

const kinds: Record<string, Open> = {
  'HTTP/1.1': (t, options) => overHttp1(t, options, 'headgate'),
  "HTTP/1.1 by undici's client": (t, options) => overHttp1(t, options, 'undici'),
  'HTTP/2': overHttp2,
}

/** A test that every pool of connections to a server has to pass. */
export function perKind(name: string, run: (t: TestContext, open: Open) => Promise<void>): void {
  for (const [kind, open] of Object.entries(kinds)) test(`${kind}: ${name}`, (t) => run(t, open))
}

/** Without chance: every limit is what is said, and a first connection draws 382 thousandths of the age. */
export const exact = { jitter: 0, random: () => 0 }
