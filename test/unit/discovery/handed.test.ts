import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandedDiscovery, type HandedSource, handedOf } from '../../../src/discovery/handed.ts'
import { Roster } from '../../../src/discovery/roster.ts'
import { uniqueByName } from '../../../src/discovery/servers.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

const server = {
  name: 'a:1',
  protocol: 'http:',
  host: 'a',
  port: 1,
  weight: 1,
  draining: false,
} as const

function fresh(roster = new Roster({}, { onServers() {} }, { clock: new FakeClock() })): HandedSource {
  roster.connected = true
  roster.offer(uniqueByName([server]))
  return handedOf(roster, true)
}

test('a list that is handed on is applied, and news without one leaves it', () => {
  const applied: string[] = []
  const handed = new HandedDiscovery(
    (upstream, servers) => applied.push(`${upstream} ${servers.length}`),
    new FakeClock(),
  )
  const { servers: _, ...news } = fresh()
  handed.take({ app: fresh() })
  handed.take({ app: { ...news, state: 'stale' } })

  assert.deepEqual(applied, ['app 1'])
  assert.equal(handed.get('app')?.roster.state, 'stale')
  assert.deepEqual(handed.get('app')?.roster.servers, [server])
})

test('a list grows older while nothing is heard', () => {
  const clock = new FakeClock()
  const handed = new HandedDiscovery(() => {}, clock)
  handed.take({ app: { ...fresh(), ageMs: 500 } })
  clock.advance(2_000)
  assert.equal(handed.get('app')?.roster.ageMs, 2_500)
})

test('what is handed on no more is gone', () => {
  const handed = new HandedDiscovery(() => {}, new FakeClock())
  handed.take({ app: fresh(), other: fresh() })
  handed.take({ app: fresh() })
  assert.equal(handed.get('other'), undefined)
  assert.deepEqual(
    [...handed].map(([name]) => name),
    ['app'],
  )
})
