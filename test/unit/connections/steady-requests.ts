import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { ServerPool } from '../../../src/connections/server-pool.ts'
import type { FakeClock } from '../../helpers/fake-clock.ts'
import { type Outcome, send } from './send.ts'

/** Longer than a connection of `limits` may live, in milliseconds. */
export const longMs = 1500

/** The limits that connections are held to while so many requests come. */
export const limits = { maxAge: 1000, maxRequests: 50, jitter: 0.2, max: 16 }

export interface SteadyRequests {
  count: number
  /** Requests at the same time. */
  workers: number
  /** The time that passes with each request, in milliseconds, as the server and the pool know it. */
  step: number
  /** One request in so many is answered slowly (`/slow`), and another one is a slow upload: both for longer than a connection lives. */
  slowOneIn: number
}

/** Sends so many requests, a quarter of them POSTs, each with its number as `x-id`; none may fail. */
export async function sendSteadily(
  pool: ServerPool,
  clock: FakeClock,
  { count, workers, step, slowOneIn }: SteadyRequests,
): Promise<void> {
  let sent = 0
  const failures: Outcome[] = []
  const sendOne = (nth: number) => {
    const headers = ['x-id', String(nth)]
    if (nth % slowOneIn === slowOneIn / 2)
      return send(pool, { method: 'POST', headers, body: Readable.from(slowUpload(clock)) })
    if (nth % slowOneIn === 0) return send(pool, { path: '/slow', headers })
    if (nth % 4 === 0) return send(pool, { method: 'POST', headers, body: 'payload' })
    return send(pool, { headers })
  }
  const work = async () => {
    while (sent < count) {
      const outcome = await sendOne(sent++)
      if (outcome.statusCode !== 200 || outcome.error !== undefined) failures.push(outcome)
      clock.advance(step)
    }
  }
  // Keeps the time moving when all that is left are the slow ones.
  let isDone = false
  const keepTimeMoving = async () => {
    while (!isDone) {
      if (sent >= count) clock.advance(step)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const moving = keepTimeMoving()
  await Promise.all(Array.from({ length: workers }, work))
  isDone = true
  await moving
  assert.deepEqual(failures, [])
}

async function* slowUpload(clock: FakeClock): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 3; piece++) {
    yield Buffer.alloc(1000)
    const next = clock.now() + longMs / 3
    while (clock.now() < next) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Calls back when the clock is past what a connection may live. */
export function whenLongPast(clock: FakeClock, callback: () => void): void {
  const end = clock.now() + longMs
  const poll = () => (clock.now() < end ? void setImmediate(poll) : callback())
  poll()
}
