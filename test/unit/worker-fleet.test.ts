import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { ReloadRecord } from '../../src/reload-record.ts'
import type { RunningWorker } from '../../src/running-worker.ts'
import { EventFeed, type GatewayEvent } from '../../src/view/event-feed.ts'
import type { Action } from '../../src/view/fleet.ts'
import { WorkerFleet } from '../../src/worker-fleet.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

interface Fake {
  worker: RunningWorker
  heard: unknown[]
  performed: Action[]
}

/** A worker on the other side of a channel, as far as the fleet knows it. */
function fakeWorker(number: number, affected: number | undefined): Fake {
  const heard: unknown[] = []
  const performed: Action[] = []
  const worker = {
    number,
    samples: [],
    channel: { tell: (_kind: string, isHeard: unknown) => heard.push(isHeard) },
    async ask(_kind: string, action: Action) {
      if (affected === undefined) throw new Error('it hangs')
      performed.push(action)
      return { affected }
    },
  }
  return { worker: worker as unknown as RunningWorker, heard, performed }
}

function fleetOf(...fakes: Fake[]) {
  const events = new EventFeed(new FakeClock())
  const fleet = new WorkerFleet({
    workers: () => fakes.map(({ worker }) => worker),
    configured: fakes.length,
    discovery: { get: () => undefined, async configure() {}, *[Symbol.iterator]() {} },
    registry: new Registry(),
    record: new ReloadRecord(() => 0),
    events,
  })
  return { fleet, events }
}

const drain: Action = { kind: 'drain-server', upstream: 'app', server: 'a:1' }

test('an action is done by every worker, and one that hangs holds up no other', async () => {
  const [one, hanging, other] = [fakeWorker(1, 2), fakeWorker(2, undefined), fakeWorker(3, 3)]
  const { fleet } = fleetOf(one, hanging, other)
  assert.deepEqual(await fleet.perform(drain), { affected: 5 })
  assert.deepEqual([one.performed, other.performed], [[drain], [drain]])
})

test('a server that was drained by hand stays so for workers that start later, until that is taken back', async () => {
  const { fleet } = fleetOf(fakeWorker(1, 1))
  await fleet.perform(drain)
  const level: Action = { kind: 'set-log-level', level: 'debug' }
  await fleet.perform(level)
  assert.deepEqual(fleet.standing, [drain, level])
  await fleet.perform({ ...drain, kind: 'undrain-server' })
  assert.deepEqual(fleet.standing, [level])
})

test('what nobody has done is not done for those that start later', async () => {
  const { fleet } = fleetOf(fakeWorker(1, 0))
  await fleet.perform(drain)
  assert.deepEqual(fleet.standing, [])
})

test('workers tell what happens only while somebody listens; what happens in all of them is told once', () => {
  const fakes = [fakeWorker(1, 0), fakeWorker(2, 0)]
  const { fleet } = fleetOf(...fakes)
  const told: GatewayEvent[] = []
  const end = fleet.onEvent((event) => told.push(event))
  for (const { worker } of fakes) {
    fleet.relay(worker, { at: 1, kind: 'server_ejected', upstream: 'app', server: 'a:1' })
    fleet.relay(worker, { at: 1, kind: 'discovery_state', upstream: 'app', detail: 'lost' })
  }
  end()

  assert.deepEqual(
    told.map(({ kind, worker }) => [kind, worker]),
    [
      ['server_ejected', 1],
      ['discovery_state', undefined],
      ['server_ejected', 2],
    ],
  )
  for (const { heard } of fakes) assert.deepEqual(heard, [true, false])
})
