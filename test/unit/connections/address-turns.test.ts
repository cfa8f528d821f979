import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import net, { type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../../src/clock.ts'
import { addressesInTurn, type LookUpAll } from '../../../src/connections/address-turns.ts'
import { Dialer } from '../../../src/connections/dialer.ts'

function resolverOf(answers: () => LookupAddress[]): LookUpAll {
  return (_name, _options, callback) => queueMicrotask(() => callback(null, answers()))
}

const four = (address: string) => ({ address, family: 4 })
const six = (address: string) => ({ address, family: 6 })

async function addressesOf(answers: LookupAddress[][]): Promise<string[][]> {
  let nth = 0
  const lookup = promisify(addressesInTurn(resolverOf(() => answers[nth++]!)))
  const found: string[][] = []
  for (let i = 0; i < answers.length; i++) {
    const all = (await lookup('app.example', { all: true })) as unknown as LookupAddress[]
    found.push(all.map(({ address }) => address))
  }
  return found
}

test('each look-up begins with the next address, whatever order the answers come in', async () => {
  const shuffled = [
    [four('10.0.0.3'), four('10.0.0.1'), four('10.0.0.2')],
    [four('10.0.0.1'), four('10.0.0.2'), four('10.0.0.3')],
    [four('10.0.0.2'), four('10.0.0.3'), four('10.0.0.1')],
  ]
  assert.deepEqual(await addressesOf(shuffled), [
    ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
    ['10.0.0.2', '10.0.0.3', '10.0.0.1'],
    ['10.0.0.3', '10.0.0.1', '10.0.0.2'],
  ])
})

test('the family that the system prefers stays in front', async () => {
  const both = [six('::2'), six('::1'), four('10.0.0.1')]
  assert.deepEqual(await addressesOf([both, both]), [
    ['::1', '::2', '10.0.0.1'],
    ['::2', '::1', '10.0.0.1'],
  ])
})

test('a name without an address is an error', async () => {
  const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  const lookup = addressesInTurn((_name, _options, callback) => callback(missing, []))
  const error = await new Promise((resolve) => lookup('app.example', { all: true }, resolve))
  assert.equal(error, missing)
})

/** A server that listens on every address of loopback, and notes at which each connection has come. */
async function listen(t: TestContext): Promise<{ port: number; reached: string[] }> {
  const reached: string[] = []
  const server = net.createServer((socket) => {
    reached.push(socket.localAddress!)
    socket.on('error', () => {})
    t.after(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, reached }
}

test('connections to a name stand evenly on its addresses; one that appears is dialled at once', async (t) => {
  const { port, reached } = await listen(t)
  let answers = [four('127.0.0.2'), four('127.0.0.3')]
  const dialer = new Dialer({
    origin: new URL(`http://app.example:${port}`),
    connectTimeout: 2000,
    lookup: addressesInTurn(resolverOf(() => answers)),
    clock: systemClock,
  })
  const dial = () =>
    new Promise<void>((resolve, reject) => {
      dialer.dial((error, socket) => {
        socket?.on('error', () => {})
        t.after(() => socket?.destroy())
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  for (let i = 0; i < 4; i++) await dial()
  assert.deepEqual(reached.toSorted(), ['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3'])
  answers = [four('127.0.0.4'), ...answers]
  for (let i = 0; i < 3; i++) await dial()
  assert.ok(reached.includes('127.0.0.4'))
})
