import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventFeed, type GatewayEvent } from '../../../src/view/event-feed.ts'
import { mergeResults } from '../../../src/view/fleet.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

test('what several processes answer adds up', () => {
  assert.deepEqual(mergeResults([{ affected: 1 }, { affected: 0 }, { affected: 2 }]), { affected: 3 })
  assert.deepEqual(mergeResults([]), { affected: 0 })
  assert.deepEqual(
    mergeResults([
      { affected: 0, variants: [] },
      { affected: 0, variants: [] },
    ]),
    {
      affected: 0,
      variants: [],
    },
  )
})

test('an event reaches those who listen, with its time, until they have heard enough', () => {
  const feed = new EventFeed(new FakeClock(1_000))
  const heard: GatewayEvent[] = []
  feed.emit({ kind: 'draining' })
  const end = feed.listen((event) => heard.push(event))
  feed.emit({ kind: 'server_joined', upstream: 'app', server: 'a:1' })
  end()
  feed.emit({ kind: 'draining' })

  assert.deepEqual(heard, [{ at: 1_000, kind: 'server_joined', upstream: 'app', server: 'a:1' }])
  assert.equal(feed.isHeard, false)
})
