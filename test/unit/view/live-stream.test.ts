import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventLog } from '../../../src/view/event-log.ts'
import { LiveStream } from '../../../src/view/live-stream.ts'
import type { GatewaySnapshot } from '../../../src/view/snapshot.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

class FakeViewer {
  bufferedAmount = 0
  isTerminated = false
  readonly frames: { snapshot: GatewaySnapshot; events: { detail: string }[] }[] = []

  send(text: string): void {
    this.frames.push(JSON.parse(text))
  }

  terminate(): void {
    this.isTerminated = true
  }
}

function streamOf({ bytes = 0, maxViewers = 32 } = {}) {
  const clock = new FakeClock()
  const events = new EventLog()
  let taken = 0
  const errors: unknown[] = []
  const snapshot = async () => ({ takenAt: ++taken, version: 'x'.repeat(bytes) }) as GatewaySnapshot
  const stream = new LiveStream({
    snapshot,
    events,
    clock,
    maxViewers,
    onError: (error) => errors.push(error),
  })
  const happen = (detail: string) => {
    events.add({ at: clock.wallNow(), kind: 'config_reloaded', detail })
    stream.hurry()
  }
  return { clock, stream, happen, errors, taken: () => taken }
}

const told = ({ frames }: FakeViewer) => frames.flatMap(({ events }) => events.map(({ detail }) => detail))

test('a viewer gets a frame at once and then one each second; without viewers nothing is done', async () => {
  const { clock, stream, taken } = streamOf()
  await clock.advanceAsync(5_000)
  assert.equal(taken(), 0)

  const viewer = new FakeViewer()
  stream.join(viewer)
  await clock.advanceAsync(3_000)
  assert.deepEqual(
    viewer.frames.map(({ snapshot }) => snapshot.takenAt),
    [1, 2, 3, 4],
  )
  stream.leave(viewer)
  await clock.advanceAsync(5_000)
  assert.equal(viewer.frames.length, 4)
  assert.equal(clock.pending, 0)
})

test('what happens is shown at once, and each event once', async () => {
  const { clock, stream, happen } = streamOf()
  const viewer = new FakeViewer()
  happen('before')
  stream.join(viewer)
  await clock.advanceAsync(500)
  happen('joined')
  happen('joined too')
  await clock.advanceAsync(100)
  assert.equal(viewer.frames.length, 2, 'not a frame for each')
  await clock.advanceAsync(3_000)
  assert.deepEqual(told(viewer), ['before', 'joined', 'joined too'])
})

test('a slow viewer misses frames but no event, holds up nobody, and is cut in the end', async () => {
  const { clock, stream, happen } = streamOf()
  const [slow, quick] = [new FakeViewer(), new FakeViewer()]
  stream.join(slow)
  stream.join(quick)
  await clock.advanceAsync(0)
  slow.bufferedAmount = 1
  happen('meanwhile')
  await clock.advanceAsync(10_000)
  assert.equal(slow.frames.length, 1)
  assert.ok(quick.frames.length >= 10)
  slow.bufferedAmount = 0
  await clock.advanceAsync(1_000)
  assert.deepEqual(told(slow), ['meanwhile'])

  slow.bufferedAmount = 1
  await clock.advanceAsync(32_000)
  assert.equal(slow.isTerminated, true)
  assert.equal(stream.viewers, 1)
})

test('large frames come less often', async () => {
  const { clock, stream, taken } = streamOf({ bytes: 1024 * 1024 })
  stream.join(new FakeViewer())
  await clock.advanceAsync(8_100)
  assert.equal(taken(), 3, 'every four seconds')
})

test('there is room for so many viewers', () => {
  const { stream } = streamOf({ maxViewers: 1 })
  const first = new FakeViewer()
  assert.equal(stream.join(first), true)
  assert.equal(stream.join(new FakeViewer()), false)
  stream.leave(first)
  assert.equal(stream.join(new FakeViewer()), true)
})

test('a snapshot that fails is told, and tried again', async () => {
  const clock = new FakeClock()
  const errors: unknown[] = []
  let isBroken = true
  const stream = new LiveStream({
    snapshot: async () => {
      if (isBroken) throw new Error('a worker is gone')
      return {} as GatewaySnapshot
    },
    events: new EventLog(),
    clock,
    onError: (error) => errors.push(error),
  })
  const viewer = new FakeViewer()
  stream.join(viewer)
  await clock.advanceAsync(0)
  assert.equal(errors.length, 1)
  isBroken = false
  await clock.advanceAsync(1_000)
  assert.equal(viewer.frames.length, 1)
})
