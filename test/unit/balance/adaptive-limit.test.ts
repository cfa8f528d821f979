import assert from 'node:assert/strict'
import { test } from 'node:test'
import { learnLimit } from '../../../src/balance/adaptive-limit.ts'
import { Server } from '../../../src/balance/server.ts'
import { noPools, serverSpec } from '../../helpers/upstream.ts'

/** A server of so many slots of 20 ms: what is beyond them waits. */
function settledLimit(slots: number, rounds = 6_000): number {
  const server = new Server(serverSpec('s0'), noPools, 20, 0, 0)
  server.latencies = 20
  for (let round = 0; round < rounds; round++) {
    server.peakInFlight = server.limit
    const latency = 20 * Math.max(1, server.limit / slots)
    server.latency = server.latency === 0 ? latency : Math.sqrt(server.latency * latency)
    server.limit = learnLimit(server, 100)
  }
  return server.learntLimit
}

test('settles a little above what a server can work on at once', () => {
  for (const slots of [4, 8, 50, 200]) {
    const limit = settledLimit(slots)
    assert.ok(limit > slots && limit < Math.max(slots * 3, 20), `${slots} slots: ${limit}`)
  }
})

test('does not grow while it is not in use', () => {
  const server = new Server(serverSpec('s0'), noPools, 20, 0, 0)
  server.latencies = 20
  server.latency = 20
  for (let round = 0; round < 100; round++) server.limit = learnLimit(server, 100)
  assert.equal(server.limit, 20)
})

test('falls when the server becomes slow under load', () => {
  const server = new Server(serverSpec('s0'), noPools, 100, 0, 0)
  server.latencies = 20
  server.latency = 20
  for (let round = 0; round < 30; round++) learnLimit(server, 100)
  server.latency = 400
  for (let round = 0; round < 20; round++) server.limit = learnLimit(server, 100)
  assert.ok(server.limit < 40, `${server.limit}`)
})

test('finds its way back when requests take longer for good, without load', () => {
  const server = new Server(serverSpec('s0'), noPools, 100, 0, 0)
  server.latencies = 20
  server.latency = 20
  for (let round = 0; round < 30; round++) learnLimit(server, 100)
  server.latency = 400
  for (let round = 0; round < 1_800; round++) {
    server.peakInFlight = server.limit
    server.limit = learnLimit(server, 100)
  }
  assert.ok(server.limit > 100, `${server.limit}`)
})
