import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import test from 'node:test'
import type { Dispatcher } from 'undici'
import { ConnectionDesk } from '../../../src/connections/connection-desk.ts'
import { Lifespan } from '../../../src/connections/lifespan.ts'
import type { Speaker } from '../../../src/connections/speaker.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

const maxAge = 4000
const workMs = 60

/** Machines behind one address: each new connection goes to the next one, and stays there. */
class BalancedAddress {
  machines = 2
  load: number[] = []
  #accepted = 0

  accept(): { socket: Socket; serve: () => void } {
    const machine = this.#accepted++ % this.machines
    const socket = Object.assign(new EventEmitter(), {
      destroyed: false,
      errored: null,
      destroy() {
        if (socket.destroyed) return
        socket.destroyed = true
        queueMicrotask(() => socket.emit('close'))
      },
    })
    const serve = () => {
      this.load[machine] = (this.load[machine] ?? 0) + 1
    }
    return { socket: socket as unknown as Socket, serve }
  }

  /** The busiest machine's load over the mean, since the last call. */
  unevenness(): number {
    const busiest = Math.max(...this.load)
    const mean = this.load.reduce((sum, n) => sum + n, 0) / this.machines
    this.load = []
    return busiest / mean
  }
}

/** Answers each request after a while; there is no HTTP in it. */
function speakerOver(
  socket: Socket,
  serve: () => void,
  handler: Dispatcher.DispatchHandler,
  clock: FakeClock,
): Speaker {
  const controller = {} as Dispatcher.DispatchController
  let isRunning = false
  let isClosing = false
  return {
    start(_options, isLast) {
      isRunning = true
      queueMicrotask(() => {
        handler.onRequestStart?.(controller, null)
        serve()
        clock.setTimeout(() => {
          isRunning = false
          if (isLast || isClosing) socket.destroy()
          handler.onResponseEnd?.(controller, {})
        }, workMs)
      })
    },
    close() {
      isClosing = true
      if (!isRunning) socket.destroy()
    },
    destroy: () => void socket.destroy(),
    watch() {},
    release() {},
    whyClosed: () => 'remote',
  }
}

/** The unevenness of each second after two machines have joined two others under constant load. */
async function join(seed: number, connections: number): Promise<number[]> {
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const clock = new FakeClock()
  const address = new BalancedAddress()
  const serveOn = new WeakMap<Socket, () => void>()
  const desk = new ConnectionDesk({
    lifespan: new Lifespan({ maxAge, random }),
    max: 2 * connections,
    minIdle: 0,
    maxQueue: Number.POSITIVE_INFINITY,
    idleTimeout: 60_000,
    clock,
    onEvent: undefined,
    onLess() {},
    openSpeaker: (socket, handler) => speakerOver(socket, serveOn.get(socket)!, handler, clock),
    dial(callback) {
      const timer = clock.setTimeout(() => {
        const { socket, serve } = address.accept()
        serveOn.set(socket, serve)
        callback(undefined, socket)
      }, 1)
      return { cancel: () => clock.clearTimeout(timer) }
    },
  })
  const again: Dispatcher.DispatchHandler = {
    onResponseEnd: () => desk.submit({ path: '/', method: 'GET' }, again),
    onResponseError: (_controller, error) => assert.fail(error),
  }
  const pass = async (ms: number) => {
    for (let step = 0; step < ms; step += 5) {
      clock.advance(5)
      for (let turn = 0; turn < 4; turn++) await undefined
    }
  }
  for (let i = 0; i < connections; i++) desk.submit({ path: '/', method: 'GET' }, again)
  await pass(2.5 * maxAge)
  address.machines = 4
  address.unevenness()
  const seconds: number[] = []
  for (let second = 0; second < 6; second++) {
    await pass(1000)
    seconds.push(address.unevenness())
  }
  return seconds
}

for (const connections of [16, 128]) {
  test(`${connections} connections share load evenly one age after two machines have joined two`, async () => {
    const seeds = Array.from({ length: connections > 100 ? 3 : 20 }, (_, seed) => seed + 1)
    for (const seed of seeds) {
      const [, , , fourth, ...later] = await join(seed, connections)
      // In the fourth second the last of those that were there before are on their way out.
      assert.ok(fourth! <= 1.2, `seed ${seed}: ${fourth}`)
      for (const second of later) assert.ok(second <= 1.15, `seed ${seed}: ${later}`)
    }
  })
}
