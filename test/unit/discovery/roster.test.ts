import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Roster, type RosterOptions } from '../../../src/discovery/roster.ts'
import { uniqueByName } from '../../../src/discovery/servers.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { spec, Witness } from '../../helpers/servers.ts'

const [a, b, c, d] = [spec('a'), spec('b'), spec('c'), spec('d')]

function openRoster(options: RosterOptions = {}) {
  const clock = new FakeClock()
  const witness = new Witness()
  const roster = new Roster(options, witness, { clock })
  roster.connected = true
  return { clock, witness, roster }
}

test('waits for its first list', () => {
  const { roster, witness } = openRoster()
  assert.equal(roster.state, 'waiting')
  assert.equal(roster.ageMs, undefined)
  assert.equal(roster.offer(uniqueByName([a])), 'accepted')
  assert.equal(roster.state, 'fresh')
  assert.deepEqual(witness.lists, [[a]])
})

test('is stale 10 s and lost 60 s after the last list, and serves all the same', () => {
  const { roster, clock } = openRoster()
  roster.offer(uniqueByName([a]))
  clock.advance(9_999)
  assert.equal(roster.state, 'fresh')
  clock.advance(1)
  assert.equal(roster.state, 'stale')
  clock.advance(50_000)
  assert.equal(roster.state, 'lost')
  assert.equal(roster.ageMs, 60_000)
  assert.deepEqual(roster.servers, [a])
})

test('is lost while disconnected', () => {
  const { roster } = openRoster()
  roster.offer(uniqueByName([a]))
  roster.connected = false
  assert.equal(roster.state, 'lost')
  roster.connected = true
  assert.equal(roster.state, 'fresh')
})

test('a source that says how long its list holds is not stale before', () => {
  const { roster, clock } = openRoster()
  roster.offer(uniqueByName([a]), 60_000)
  clock.advance(69_999)
  assert.equal(roster.state, 'fresh')
  clock.advance(1)
  assert.equal(roster.state, 'stale')
})

test('an equal list, in any order, is handed on once and renews the age', () => {
  const { roster, clock, witness } = openRoster()
  roster.offer(uniqueByName([a, b]))
  clock.advance(9_000)
  assert.equal(roster.offer(uniqueByName([{ ...b }, { ...a }])), 'unchanged')
  assert.equal(roster.ageMs, 0)
  assert.equal(witness.lists.length, 1)
  assert.equal(roster.offer(uniqueByName([{ ...a, weight: 2 }, b])), 'accepted')
  assert.equal(witness.lists.length, 2)
})

test('of two servers with one name the last wins', () => {
  const { roster } = openRoster()
  roster.offer(uniqueByName([{ ...a, weight: 1 }, b, { ...a, weight: 9 }]))
  assert.deepEqual(roster.servers.map(({ name, weight }) => [name, weight]).sort(), [
    ['a:80', 9],
    ['b:80', 1],
  ])
})

test('what it hands on cannot be changed', () => {
  const { roster } = openRoster()
  roster.offer(uniqueByName([{ ...a }]))
  assert.ok(Object.isFrozen(roster.servers))
  assert.ok(Object.isFrozen(roster.servers[0]))
})

test('an empty list is believed when it has stood for 30 s', () => {
  const { roster, clock, witness } = openRoster()
  roster.offer(uniqueByName([a]))
  clock.advance(2_000)
  assert.equal(roster.offer(uniqueByName([])), 'held')
  clock.advance(2_000)
  assert.equal(roster.offer(uniqueByName([])), 'held')
  clock.advance(27_999)
  assert.deepEqual(roster.servers, [a])
  clock.advance(1)
  assert.deepEqual(roster.servers, [])
  assert.equal(roster.ageMs, 28_000)
  assert.equal(roster.offer(uniqueByName([])), 'unchanged')
  assert.equal(witness.lists.length, 2)
  assert.equal(witness.count('list_held'), 1)
})

test('a first list that is empty is held as well', () => {
  const { roster, clock } = openRoster()
  assert.equal(roster.offer(uniqueByName([])), 'held')
  assert.equal(roster.state, 'waiting')
  clock.advance(30_000)
  assert.equal(roster.state, 'stale')
  roster.offer(uniqueByName([]))
  assert.equal(roster.state, 'fresh')
})

test('a list with servers ends the hold of an empty one', () => {
  const { roster, clock } = openRoster()
  roster.offer(uniqueByName([a]))
  roster.offer(uniqueByName([]))
  clock.advance(29_000)
  roster.offer(uniqueByName([a]))
  clock.advance(29_000)
  roster.offer(uniqueByName([]))
  clock.advance(29_999)
  assert.deepEqual(roster.servers, [a])
})

test('an agent that sends an empty list and leaves is not believed', () => {
  const { roster, clock } = openRoster()
  roster.offer(uniqueByName([a]))
  roster.offer(uniqueByName([]))
  roster.connected = false
  clock.advance(3_600_000)
  assert.deepEqual(roster.servers, [a])
  assert.equal(clock.pending, 0)
})

test('a list that drops more than maxRemoval takes nothing away until it has stood', () => {
  const { roster, clock } = openRoster({ maxRemoval: 0.5 })
  roster.offer(uniqueByName([a, b, c, d]))
  assert.equal(roster.offer(uniqueByName([a, b])), 'accepted')
  roster.offer(uniqueByName([a, b, c, d]))
  assert.equal(roster.offer(uniqueByName([a])), 'held')
  assert.deepEqual(roster.servers, [a, b, c, d])
  clock.advance(30_000)
  assert.deepEqual(roster.servers, [a])
})

test('what a held list says of the servers that it names holds at once, SUNDOWN above all', () => {
  const { roster } = openRoster({ maxRemoval: 0.5 })
  roster.offer(uniqueByName([a, b, c, d]))
  const sundown = { ...a, draining: true }
  const joined = spec('e')
  assert.equal(roster.offer(uniqueByName([sundown, joined])), 'held')
  assert.deepEqual(roster.servers, [sundown, b, c, d, joined])
})

test('what a held list added goes when the next list does not name it', () => {
  const { roster } = openRoster({ maxRemoval: 0.5 })
  roster.offer(uniqueByName([a, b, c]))
  for (let turn = 0; turn < 100; turn++) roster.offer(uniqueByName([spec(`bogus-${turn}`)]))
  assert.equal(roster.servers.length, 4)
  assert.equal(roster.offer(uniqueByName([a, b, c])), 'accepted')
  assert.deepEqual(roster.servers, [a, b, c])
})

test('a hold of 0 believes at once', () => {
  const { roster } = openRoster({ emptyHold: 0 })
  roster.offer(uniqueByName([a]))
  assert.equal(roster.offer(uniqueByName([])), 'accepted')
  assert.deepEqual(roster.servers, [])
})

test('a restored list serves at its true age', () => {
  const { roster, clock, witness } = openRoster()
  roster.connected = false
  roster.restore([a], 20_000)
  assert.deepEqual(witness.lists, [[a]])
  assert.equal(roster.state, 'lost')
  roster.connected = true
  assert.equal(roster.state, 'stale')
  assert.equal(roster.ageMs, 20_000)
  assert.equal(roster.offer(uniqueByName([])), 'held')
  clock.advance(2_000)
  assert.equal(roster.offer(uniqueByName([a])), 'unchanged')
  assert.equal(roster.state, 'fresh')
})

test('a fixed list is static and has no age', () => {
  const { roster, clock } = openRoster({ fixed: true })
  roster.offer(uniqueByName([a]))
  clock.advance(3_600_000)
  assert.equal(roster.state, 'static')
  assert.equal(roster.ageMs, 0)
})

test('counts what became of messages', () => {
  const { roster } = openRoster()
  for (const list of [[a], [a], [], [a, b]]) roster.offer(uniqueByName(list))
  const { accepted, unchanged, held } = roster.messages
  assert.deepEqual({ accepted, unchanged, held }, { accepted: 2, unchanged: 1, held: 1 })
})

test('tells who came and went, at most once a second', () => {
  const { roster, clock, witness } = openRoster()
  for (let turn = 0; turn < 1_000; turn++) {
    roster.offer(uniqueByName(turn % 2 === 0 ? [a] : [a, b]))
    clock.advance(10)
  }
  assert.ok(witness.count('servers_changed') <= 11)
  assert.deepEqual(witness.events[0], {
    kind: 'servers_changed',
    servers: 1,
    added: ['a:80'],
    removed: [],
    draining: [],
  })
})

test('compares lists for the log in a turn of the event loop in which none is taken in', () => {
  const { roster, clock, witness } = openRoster()
  roster.offer(uniqueByName([a]))
  assert.deepEqual(witness.names, ['a:80'])
  assert.equal(witness.count('servers_changed'), 0)
  clock.advance(0)
  assert.equal(witness.count('servers_changed'), 1)
})

test('names ten at most of those who came, went and began to drain', () => {
  const { roster, clock, witness } = openRoster()
  const list = (first: number, draining: boolean) =>
    Array.from({ length: 30 }, (_, index) => spec(`s${first + index}`, { draining: draining && index >= 15 }))
  const told = () => {
    clock.advance(1_000)
    const event = witness.events.at(-1)!
    assert.ok(event.kind === 'servers_changed')
    return [event.servers, event.added.length, event.removed.length, event.draining.length]
  }
  roster.offer(uniqueByName(list(0, false)))
  assert.deepEqual(told(), [30, 10, 0, 0])
  roster.offer(uniqueByName(list(25, true)))
  assert.deepEqual(told(), [30, 10, 10, 10])
  roster.offer(uniqueByName(list(25, false)))
  assert.deepEqual(told(), [30, 0, 0, 0])
  assert.equal(witness.count('servers_changed'), 3)
})

test('no sequence of lists takes the last server away within the hold', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const step = fc.oneof(
    fc.record({ list: fc.subarray(names), wait: fc.integer({ min: 0, max: 15_000 }) }),
    fc.constant('reconnect' as const),
  )
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, maxRemoval) => {
        const { roster, clock, witness } = openRoster({ maxRemoval })
        roster.offer(uniqueByName(names.map((name) => spec(name))))
        let emptySince: number | undefined
        for (const one of steps) {
          if (one === 'reconnect') {
            roster.connected = false
            roster.connected = true
            emptySince = undefined
            continue
          }
          const wasEmpty = roster.servers.length === 0
          roster.offer(uniqueByName(one.list.map((name) => spec(name))))
          for (const name of one.list) assert.ok(roster.servers.some(({ host }) => host === name))
          emptySince = one.list.length > 0 ? undefined : (emptySince ?? clock.now())
          clock.advance(one.wait)
          if (wasEmpty || roster.servers.length > 0) continue
          assert.ok(emptySince !== undefined && clock.now() - emptySince >= 30_000)
        }
        for (const list of witness.lists)
          assert.equal(new Set(list.map(({ name }) => name)).size, list.length)
        roster.close()
        assert.equal(clock.pending, 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('an empty list after one that dropped much must stand for a time of its own', () => {
  const { roster, clock } = openRoster({ maxRemoval: 0.5 })
  roster.offer(uniqueByName([a, b, c]))
  roster.offer(uniqueByName([a]))
  clock.advance(29_000)
  roster.offer(uniqueByName([]))
  clock.advance(29_999)
  assert.deepEqual(roster.servers, [a, b, c])
  clock.advance(1)
  assert.deepEqual(roster.servers, [])
})

test('with maxRemoval 0, a server leaves only when no list has named it for 30 s', () => {
  const names = ['a', 'b', 'c', 'd']
  const step = fc.record({
    list: fc.subarray([...names, 'x', 'y']),
    wait: fc.integer({ min: 0, max: 20_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { roster, clock } = openRoster({ maxRemoval: 0 })
      const namedAt = new Map(names.map((name) => [name, 0]))
      roster.offer(uniqueByName(names.map((name) => spec(name))))
      for (const { list, wait } of steps) {
        roster.offer(uniqueByName(list.map((name) => spec(name))))
        for (const name of list) if (namedAt.has(name)) namedAt.set(name, clock.now())
        clock.advance(wait)
        for (const [name, at] of namedAt) {
          if (roster.servers.some(({ host }) => host === name)) continue
          assert.ok(clock.now() - at >= 30_000)
          namedAt.delete(name)
        }
      }
    }),
    { numRuns: 500 },
  )
})
