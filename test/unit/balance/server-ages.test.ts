import assert from 'node:assert/strict'
import test from 'node:test'
import { Server } from '../../../src/balance/server.ts'
import { RequestsByAge, serverAges } from '../../../src/balance/server-ages.ts'
import { noPools } from '../../helpers/upstream.ts'

function joinedAt(time: number): Server {
  const spec = { name: 'a:1', protocol: 'http:', host: 'a', port: 1, weight: 1, draining: false } as const
  return new Server(spec, noPools, 1, time, time)
}

test('a request counts for every age that its server has not reached', () => {
  const requests = new RequestsByAge()
  const server = joinedAt(1000)
  for (const seconds of [0, 9.999, 10, 59, 60, 100_000]) requests.count(server, 1000 + seconds * 1000)
  requests.count(joinedAt(Number.NEGATIVE_INFINITY), 0)
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
