import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentClient, type AgentOptions } from '../../../src/discovery/agent-client.ts'
import { FaultLog } from '../../../src/discovery/events.ts'
import { Roster } from '../../../src/discovery/roster.ts'
import { FakeClock, settle } from '../../helpers/fake-clock.ts'
import { FakeSocket } from '../../helpers/fake-socket.ts'
import { item, Witness } from '../../helpers/servers.ts'

function openClient(options: Partial<AgentOptions> = {}, random = () => 1) {
  const clock = new FakeClock()
  const witness = new Witness()
  const faults = new FaultLog(witness.onEvent, clock)
  const roster = new Roster({}, witness, { clock, faults })
  const dials: number[] = []
  const sockets: FakeSocket[] = []
  const openSocket = () => {
    dials.push(clock.now())
    const socket = new FakeSocket()
    sockets.push(socket)
    return socket.socket
  }
  const client = new AgentClient(
    { url: 'ws://agent.test/ws', port: 80, ...options },
    { roster, faults, clock, random, openSocket },
  )
  client.start()
  return { clock, witness, roster, dials, sockets, client, last: () => sockets.at(-1)! }
}

test('hands on the list that the agent sends', () => {
  const { last, roster, witness } = openClient()
  last().accept()
  assert.equal(roster.connected, true)
  last().receive([item('a')])
  assert.deepEqual(witness.names, ['a:80'])
})

test('gives up an upgrade that takes more than 5 s', async () => {
  const { clock, dials, witness } = openClient()
  await clock.advanceAsync(5_000)
  assert.deepEqual(dials, [0])
  await clock.advanceAsync(1_000)
  assert.deepEqual(dials, [0, 6_000])
  assert.equal(witness.count('disconnected'), 1)
})

test('comes back after 1, 2, 4 ... 60 s at the most while it cannot connect', async () => {
  const { clock, dials, sockets } = openClient()
  for (let turn = 0; turn < 9; turn++) {
    sockets.at(-1)!.emit('error', new Error('refused'))
    await clock.advanceAsync([1, 2, 4, 8, 16, 32, 60, 60, 60][turn]! * 1_000)
  }
  assert.deepEqual(
    dials,
    [0, 1, 3, 7, 15, 31, 63, 123, 183, 243].map((seconds) => seconds * 1_000),
  )
})

test('spreads its attempts over the whole of the delay', async () => {
  const { clock, dials, last } = openClient({}, () => 0.25)
  last().terminate()
  await clock.advanceAsync(250)
  last().terminate()
  await clock.advanceAsync(500)
  assert.deepEqual(dials, [0, 250, 750])
})

test('a list resets the delay, a connection does not', async () => {
  const { clock, dials, last } = openClient()
  for (const delay of [1_000, 2_000, 4_000]) {
    last().accept()
    last().terminate()
    await clock.advanceAsync(delay)
  }
  assert.equal(dials.length, 4)
  last().accept()
  last().receive('nonsense')
  last().receive([item('a')])
  last().terminate()
  await clock.advanceAsync(1_000)
  assert.equal(dials.length, 5)
})

test('an agent that is silent for 10 s is dead', async () => {
  const { clock, last, roster, dials } = openClient()
  last().accept()
  last().receive([item('a')])
  await clock.advanceAsync(9_999)
  assert.equal(roster.connected, true)
  assert.ok(last().pings >= 3)
  await clock.advanceAsync(1)
  assert.equal(roster.state, 'lost')
  assert.equal(last().readyState, last().CLOSED)
  await clock.advanceAsync(1_000)
  assert.equal(dials.length, 2)
})

test('frames, pings and pongs are all signs of life', async () => {
  const { clock, last, roster } = openClient({ silence: 3_000 })
  last().accept()
  for (let turn = 0; turn < 10; turn++) {
    await clock.advanceAsync(2_999)
    if (turn % 3 === 0) last().emit('pong')
    else if (turn % 3 === 1) last().emit('ping')
    else last().receive('nonsense')
  }
  assert.equal(roster.connected, true)
})

test('tells of a fault once when it begins, and again after it has been over', async () => {
  const { clock, last, witness } = openClient()
  last().accept()
  for (let turn = 0; turn < 100; turn++) last().receive('nonsense')
  assert.equal(witness.count('list_ignored'), 1)
  last().receive([item('a')])
  await clock.advanceAsync(9_000)
  last().receive([item('a')])
  await clock.advanceAsync(1_000)
  last().receive('nonsense')
  assert.equal(witness.count('list_ignored'), 2)
})

test('an agent that is away for long is one line', async () => {
  const { clock, last, witness } = openClient()
  for (let turn = 0; turn < 20; turn++) {
    last().emit('error', new Error('refused'))
    await clock.advanceAsync(60_000)
  }
  assert.equal(witness.count('disconnected'), 1)
  last().accept()
  last().receive([item('a')])
  last().terminate()
  await settle()
  assert.equal(witness.count('disconnected'), 2)
})

test('counts each message under what became of it', () => {
  const { last, roster } = openClient()
  last().accept()
  last().receive([item('a')])
  last().receive([item('a')])
  last().receive([])
  last().receive('nonsense')
  last().receive('{}')
  last().receive([{}])
  last().emit('message', Buffer.from('[]'), true)
  const { accepted, unchanged, held, not_json, not_list, no_valid_item, binary } = roster.messages
  assert.deepEqual(
    [accepted, unchanged, held, not_json, not_list, no_valid_item, binary],
    [1, 1, 1, 1, 1, 1, 1],
  )
})

test('reads a flood in at most a fifth of the time', async () => {
  const { clock, last } = openClient()
  // A frame that takes 5 ms to read.
  const slow = Object.assign(Buffer.from('nonsense'), {
    toString() {
      clock.advance(5)
      return 'nonsense'
    },
  })
  last().accept()
  let read = 0
  while (clock.now() < 1_000) {
    if (last().isPaused) await clock.advanceAsync(1)
    else {
      last().emit('message', slow, false)
      read++
    }
  }
  assert.ok(read <= 45, `${read} frames`)
  assert.ok(read >= 20, `${read} frames`)
})

const longList = Array.from({ length: 1_000 }, (_, index) => item(`s${index}`))

test('a long list is read in turns of the event loop, and nothing else meanwhile', () => {
  const { clock, last, witness } = openClient()
  last().accept()
  last().receive(longList)
  assert.deepEqual(witness.names, [])
  assert.equal(last().isPaused, true)
  clock.advance(0)
  assert.equal(witness.names.length, 1_000)
  assert.equal(last().isPaused, false)
})

test('frames that came with a long list follow it, in their order', () => {
  const { clock, last, roster, witness } = openClient()
  last().accept()
  last().receive(longList)
  last().receive([item('a')])
  last().receive('nonsense')
  clock.advance(0)
  assert.deepEqual(
    witness.lists.map(({ length }) => length),
    [1_000, 1],
  )
  assert.equal(roster.messages.not_json, 1)
})

test('an agent that leaves after a long list has said it all', async () => {
  const { clock, last, witness, dials, roster } = openClient()
  last().accept()
  last().receive(longList)
  last().receive([item('a')])
  last().terminate()
  await settle()
  assert.equal(roster.connected, true)
  clock.advance(0)
  assert.deepEqual(witness.names, ['a:80'])
  assert.equal(roster.connected, false)
  await clock.advanceAsync(1_000)
  assert.equal(dials.length, 2)
})

test('close while a long list is read leaves the last one standing', async () => {
  const { clock, last, client, witness } = openClient()
  last().accept()
  last().receive([item('a')])
  last().receive(longList)
  await client.close()
  await clock.advanceAsync(60_000)
  assert.deepEqual(witness.names, ['a:80'])
  assert.equal(clock.pending, 0)
})

test('an address that is no WebSocket address is a fault like any other', async () => {
  const clock = new FakeClock()
  const witness = new Witness()
  const faults = new FaultLog(witness.onEvent, clock)
  const roster = new Roster({}, witness, { clock, faults })
  const client = new AgentClient({ url: 'nonsense' }, { roster, faults, clock, random: () => 1 })
  client.start()
  await clock.advanceAsync(10_000)
  assert.equal(witness.count('disconnected'), 1)
  await client.close()
  assert.equal(clock.pending, 0)
})

test('close leaves nothing behind, in each state', async () => {
  for (const prepare of [
    () => {},
    (socket: FakeSocket) => socket.accept(),
    (socket: FakeSocket) => socket.terminate(),
  ]) {
    const { clock, last, client, dials } = openClient()
    prepare(last())
    await settle()
    await client.close()
    await clock.advanceAsync(120_000)
    assert.equal(clock.pending, 0)
    assert.equal(dials.length, 1)
  }
})
