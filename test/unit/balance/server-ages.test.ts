import assert from 'node:assert/strict'
import test from 'node:test'
import { Server } from '../../../src/balance/server.ts'
import { ageClassOf, RequestsByAge, serverAges } from '../../../src/balance/server-ages.ts'
import { noPools, upstreamOf } from '../../helpers/upstream.ts'

function joinedAt(time: number): Server {
  const spec = { name: 'a:1', protocol: 'http:', host: 'a', port: 1, weight: 1, draining: false } as const
  return new Server(spec, noPools, 1, time, time)
}

test('a request counts for every age that its server has not reached', () => {
  const requests = new RequestsByAge()
  const server = joinedAt(1000)
  const count = (server: Server, now: number) => {
    server.ageClass = ageClassOf(server, now)
    requests.count(server)
  }
  for (const seconds of [0, 9.999, 10, 59, 60, 100_000]) count(server, 1000 + seconds * 1000)
  count(joinedAt(Number.NEGATIVE_INFINITY), 0)
  assert.deepEqual(Object.fromEntries(requests), {
    10: 2,
    60: 4,
    300: 5,
    900: 5,
    3600: 5,
    86400: 5,
  })
  assert.equal([...requests].length, serverAges.length)
})

test('an upstream counts its requests by the age of the server that they go to', async () => {
  const { upstream, clock, apply } = upstreamOf({ weights: [1], balance: { slowStart: 0 } })
  const send = () => upstream.tryReserve({})!.release('success', 5)
  const counted = () => [...upstream.requestsByAge].map(([, requests]) => requests)
  send()
  assert.deepEqual(counted(), [0, 0, 0, 0, 0, 0], 'nobody knows how old the first servers are')
  apply([0, 1])
  send()
  assert.deepEqual(counted(), [1, 1, 1, 1, 1, 1])
  clock.advance(10_000)
  send()
  assert.deepEqual(counted(), [1, 2, 2, 2, 2, 2])
})
