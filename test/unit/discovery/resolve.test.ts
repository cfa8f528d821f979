import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { test } from 'node:test'
import { FaultLog } from '../../../src/discovery/events.ts'
import type { RecordResolver } from '../../../src/discovery/host-name.ts'
import { Resolution } from '../../../src/discovery/resolve.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { spec, Witness } from '../../helpers/servers.ts'

type Addresses = Record<string, string[]>

function noRecord(): Error {
  return Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })
}

function openResolution({
  dns = {},
  system = {},
  ttl = 60,
}: {
  dns?: Addresses
  system?: Addresses
  ttl?: number
}) {
  const clock = new FakeClock()
  const witness = new Witness()
  const faults = new FaultLog(witness.onEvent, clock)
  const asked = { dns: 0, system: 0 }
  let isDown = false
  const ofFamily = (isWanted: (address: string) => boolean) => async (name: string) => {
    asked.dns++
    if (isDown) throw Object.assign(new Error('queryA ETIMEOUT'), { code: 'ETIMEOUT' })
    const found = (dns[name] ?? []).filter(isWanted)
    if (found.length === 0) throw noRecord()
    return found.map((address) => ({ address, ttl }))
  }
  const resolver: RecordResolver = {
    resolve4: ofFamily((address) => !address.includes(':')),
    resolve6: ofFamily((address) => address.includes(':')),
    resolveSrv: async () => [],
    cancel: () => {},
  }
  const lookup = async (name: string): Promise<LookupAddress[]> => {
    asked.system++
    const found = system[name]
    if (found === undefined) throw noRecord()
    return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  const resolution = new Resolution(witness, { faults, clock, resolver, lookup, random: () => 1 })
  return { clock, witness, asked, resolution, setDown: (down: boolean) => (isDown = down) }
}

test('addresses and localhost pass through at once, and ask nobody', async () => {
  const { clock, witness, asked, resolution } = openResolution({})
  const list = [spec('10.0.0.1'), spec('::1'), spec('localhost')]
  resolution.apply(list)
  assert.equal(witness.lists[0], list)
  await clock.advanceAsync(600_000)
  assert.deepEqual(asked, { dns: 0, system: 0 })
  assert.equal(clock.pending, 0)
})

test('a name with a single address stays as it is', async () => {
  const { clock, witness, resolution } = openResolution({ dns: { app: ['10.0.0.1'] } })
  resolution.apply([spec('app')])
  await clock.advanceAsync(1_000)
  assert.deepEqual(witness.lists, [[spec('app')]])
})

test('a name with several addresses is several servers, each with the weight and the mark of the name', async () => {
  const { clock, witness, resolution } = openResolution({ dns: { app: ['10.0.0.2', '10.0.0.1'] } })
  resolution.apply([spec('app', { weight: 7, draining: true })])
  await clock.advanceAsync(1_000)
  assert.deepEqual(
    witness.lists.at(-1),
    ['10.0.0.1', '10.0.0.2'].map((address) =>
      spec(address, { weight: 7, draining: true, servername: 'app' }),
    ),
  )
})

test('a new list is expanded at once by what is known', async () => {
  const { clock, witness, resolution } = openResolution({ dns: { app: ['10.0.0.1', '10.0.0.2'] } })
  resolution.apply([spec('app')])
  await clock.advanceAsync(1_000)
  resolution.apply([spec('app', { weight: 3 })])
  assert.deepEqual(
    witness.lists.at(-1)!.map(({ name, weight }) => [name, weight]),
    [
      ['10.0.0.1:80', 3],
      ['10.0.0.2:80', 3],
    ],
  )
})

test('asks again when the TTL has passed, and follows the addresses', async () => {
  const dns: Addresses = { app: ['10.0.0.1', '10.0.0.2'] }
  const { clock, witness, resolution } = openResolution({ dns, ttl: 10 })
  resolution.apply([spec('app')])
  await clock.advanceAsync(9_000)
  dns.app = ['10.0.0.2', '10.0.0.3']
  assert.deepEqual(witness.names, ['10.0.0.1:80', '10.0.0.2:80'])
  await clock.advanceAsync(2_000)
  assert.deepEqual(witness.names, ['10.0.0.2:80', '10.0.0.3:80'])
})

test('an answer in another order changes nothing', async () => {
  const dns: Addresses = { app: ['10.0.0.1', '10.0.0.2'] }
  const { clock, witness, resolution } = openResolution({ dns, ttl: 1 })
  resolution.apply([spec('app')])
  await clock.advanceAsync(500)
  dns.app = ['10.0.0.2', '10.0.0.1']
  await clock.advanceAsync(10_000)
  assert.equal(witness.lists.length, 2)
})

test('addresses that cannot be had again stay', async () => {
  const dns: Addresses = { app: ['10.0.0.1', '10.0.0.2'] }
  const { clock, witness, resolution, setDown } = openResolution({ dns, ttl: 1 })
  resolution.apply([spec('app')])
  await clock.advanceAsync(500)
  setDown(true)
  await clock.advanceAsync(600_000)
  setDown(false)
  dns.app = []
  await clock.advanceAsync(600_000)
  assert.deepEqual(witness.names, ['10.0.0.1:80', '10.0.0.2:80'])
  assert.equal(witness.count('name_unresolved'), 1)
})

test('a name that was never resolved passes through unchanged', async () => {
  const { clock, witness, resolution } = openResolution({})
  resolution.apply([spec('nowhere')])
  await clock.advanceAsync(60_000)
  assert.deepEqual(witness.lists, [[spec('nowhere')]])
})

test('a name that the system alone knows is looked up every 30 s', async () => {
  const system: Addresses = { app: ['10.0.0.1', '10.0.0.2'] }
  const { clock, witness, asked, resolution } = openResolution({ system })
  resolution.apply([spec('app')])
  await clock.advanceAsync(29_000)
  assert.deepEqual(witness.names, ['10.0.0.1:80', '10.0.0.2:80'])
  assert.equal(asked.system, 1)
  system.app = ['10.0.0.3', '10.0.0.4']
  await clock.advanceAsync(2_000)
  assert.deepEqual(witness.names, ['10.0.0.3:80', '10.0.0.4:80'])
})

test('what /etc/hosts says goes before what the name servers say', async () => {
  const { clock, witness, resolution } = openResolution({
    dns: { app: ['192.0.2.1', '192.0.2.2'] },
    system: { app: ['127.0.0.2', '127.0.0.3'] },
  })
  resolution.apply([spec('app')])
  await clock.advanceAsync(1_000)
  assert.deepEqual(witness.names, ['127.0.0.2:80', '127.0.0.3:80'])
})

test('the system is not asked again where the name servers agree with it', async () => {
  const app = ['10.0.0.1', '10.0.0.2']
  const { clock, asked, resolution } = openResolution({ dns: { app }, system: { app }, ttl: 1 })
  resolution.apply([spec('app')])
  await clock.advanceAsync(60_000)
  assert.equal(asked.system, 1)
  assert.ok(asked.dns > 50)
})

test('a machine with an address of each family is one machine', async () => {
  const { clock, witness, resolution } = openResolution({
    dns: { both: ['10.0.0.1', '2001:db8::1'], six: ['2001:db8::2', '2001:db8::3'] },
  })
  resolution.apply([spec('both'), spec('six')])
  await clock.advanceAsync(1_000)
  assert.deepEqual(witness.names, ['[2001:db8::2]:80', '[2001:db8::3]:80', 'both:80'])
})

test('an address that the list names itself is not a second server', async () => {
  const { clock, witness, resolution } = openResolution({ dns: { app: ['10.0.0.1', '10.0.0.2'] } })
  resolution.apply([spec('app', { weight: 1 }), spec('10.0.0.1', { weight: 9 })])
  await clock.advanceAsync(1_000)
  const weights = witness.lists.at(-1)!.map(({ name, weight }) => [name, weight])
  assert.deepEqual(weights.sort(), [
    ['10.0.0.1:80', 9],
    ['10.0.0.2:80', 1],
  ])
})

test('a name that leaves the list is asked about no more', async () => {
  const { clock, asked, resolution } = openResolution({ dns: { app: ['10.0.0.1'] }, ttl: 1 })
  resolution.apply([spec('app')])
  await clock.advanceAsync(5_000)
  resolution.apply([])
  const before = asked.dns
  await clock.advanceAsync(60_000)
  assert.equal(asked.dns, before)
  assert.equal(clock.pending, 0)
})

test('a thousand names are few new lists', async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `app-${index}`)
  const dns = Object.fromEntries(
    names.map((name, index) => [
      name,
      [`10.1.${index >> 8}.${index & 255}`, `10.2.${index >> 8}.${index & 255}`],
    ]),
  )
  const { clock, witness, resolution } = openResolution({ dns })
  resolution.apply(names.map((name) => spec(name)))
  for (let turn = 0; turn < 200 && witness.names.length < 2_000; turn++) await clock.advanceAsync(10)
  assert.equal(witness.names.length, 2_000)
  assert.ok(witness.lists.length < 100, `${witness.lists.length} lists`)
})

test('nothing comes after close', async () => {
  const { clock, witness, resolution } = openResolution({ dns: { app: ['10.0.0.1', '10.0.0.2'] } })
  resolution.apply([spec('app')])
  resolution.close()
  await clock.advanceAsync(60_000)
  assert.equal(witness.lists.length, 1)
  assert.equal(clock.pending, 0)
})
