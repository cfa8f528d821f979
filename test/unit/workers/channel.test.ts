import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadgateError } from '../../../src/errors.ts'
import { Channel, type Handlers, type Port } from '../../../src/workers/channel.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

type Asks = { double: { ask: number; answer: number }; never: { ask: undefined; answer: number } }
type Tells = { heard: string }

/** Two ports, each of which is the other's other side; what passes is copied, as between processes. */
function pair(): [Port, Port] {
  const listeners: ((message: unknown) => void)[][] = [[], []]
  const port = (own: number): Port => ({
    send(message) {
      const copy = structuredClone(message)
      queueMicrotask(() => {
        for (const listener of listeners[1 - own] as ((message: unknown) => void)[]) listener(copy)
      })
    },
    onMessage: (listener) => void listeners[own]?.push(listener),
  })
  return [port(0), port(1)]
}

function connect(handlers: Partial<Handlers<Asks, Tells>['answer']> = {}) {
  const clock = new FakeClock()
  const [one, other] = pair()
  const told: string[] = []
  const asking = new Channel<Asks, Tells>(one, clock)
  asking.serve({ answer: {}, note: {} })
  new Channel(other, clock).serve<Asks, Tells>({
    answer: { double: async (number) => number * 2, never: () => new Promise(() => {}), ...handlers },
    note: { heard: (text) => told.push(text) },
  })
  return { clock, asking, told, port: one }
}

test('questions get their own answers, and notes arrive', async () => {
  const { asking, told } = connect()
  asking.tell('heard', 'hello')
  const answers = await Promise.all([1, 2, 3].map((number) => asking.ask('double', number, 100)))
  assert.deepEqual([answers, told], [[2, 4, 6], ['hello']])
})

test('what the other side throws is thrown here, with its code', async () => {
  const { asking } = connect({
    double: () => Promise.reject(new HeadgateError('HEADGATE_CANNOT_LISTEN', { message: 'taken' })),
  })
  await assert.rejects(asking.ask('double', 1, 100), { code: 'HEADGATE_CANNOT_LISTEN', message: 'taken' })
})

test('a question ends with its time', async () => {
  const { asking, clock } = connect()
  const asked = asking.ask('never', undefined, 100)
  clock.advance(100)
  await assert.rejects(asked, /has not answered within 100 ms: never/)
})

test('a question ends with the channel, and none is taken after it', async () => {
  const { asking } = connect()
  const asked = asking.ask('never', undefined, 100)
  asking.close()
  await assert.rejects(asked, /gone/)
  await assert.rejects(asking.ask('double', 1, 100), /gone/)
})

test('so many questions may be open, and no more', async () => {
  const { asking } = connect()
  const asked = Array.from({ length: 256 }, () => asking.ask('never', undefined, 100).catch(() => 'ended'))
  await assert.rejects(asking.ask('double', 1, 100), /too many/)
  asking.close()
  assert.equal((await Promise.all(asked)).length, 256)
})

test('what nobody has asked for is no answer', async () => {
  const { asking, port } = connect()
  for (const message of [
    null,
    'text',
    { is: 'answer', id: 9, body: 1 },
    { is: 'ask', id: 99, kind: 'toString' },
  ]) {
    port.send(message)
  }
  assert.equal(await asking.ask('double', 4, 100), 8)
})
