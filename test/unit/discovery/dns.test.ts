import assert from 'node:assert/strict'
import type { SrvRecord } from 'node:dns'
import { test } from 'node:test'
import { type DnsOptions, DnsSource } from '../../../src/discovery/dns.ts'
import { FaultLog } from '../../../src/discovery/events.ts'
import type { RecordResolver } from '../../../src/discovery/host-name.ts'
import { Roster } from '../../../src/discovery/roster.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { Witness } from '../../helpers/servers.ts'

interface Zone {
  addresses?: Record<string, string[]>
  services?: Record<string, SrvRecord[]>
  ttl?: number
  /** The code that every question fails with. */
  failure?: string
}

function openSource(options: DnsOptions, zone: Zone) {
  const clock = new FakeClock()
  const witness = new Witness()
  const faults = new FaultLog(witness.onEvent, clock)
  const roster = new Roster({}, witness, { clock, faults })
  let questions = 0
  const find = <Found>(found: Found[]): Found[] => {
    questions++
    const code = zone.failure ?? (found.length === 0 ? 'ENOTFOUND' : undefined)
    if (code !== undefined) throw Object.assign(new Error(`query ${code}`), { code })
    return found
  }
  const addresses = (name: string, isSix: boolean) =>
    (zone.addresses?.[name] ?? [])
      .filter((address) => address.includes(':') === isSix)
      .map((address) => ({ address, ttl: zone.ttl ?? 60 }))
  const resolver: RecordResolver = {
    resolve4: async (name) => find(addresses(name, false)),
    resolve6: async (name) => find(addresses(name, true)),
    resolveSrv: async (name) => find(zone.services?.[name] ?? []),
    cancel: () => {},
  }
  const lookup = async (): Promise<never> => {
    throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  }
  const source = new DnsSource(options, { roster, faults, clock, resolver, lookup, random: () => 1 })
  source.start()
  return { clock, witness, roster, source, questions: () => questions }
}

test('each address is a server, and the name is what TLS verifies', async () => {
  const { clock, roster } = openSource(
    { name: 'app.test', port: 443, protocol: 'https' },
    { addresses: { 'app.test': ['10.0.0.2', '10.0.0.1'] } },
  )
  await clock.advanceAsync(0)
  const common = { protocol: 'https:', port: 443, weight: 1, draining: false, servername: 'app.test' }
  assert.deepEqual(roster.servers, [
    { name: '10.0.0.1:443', host: '10.0.0.1', ...common },
    { name: '10.0.0.2:443', host: '10.0.0.2', ...common },
  ])
})

test('AAAA records count where there is no A record, or where they are asked for', async () => {
  const addresses = { six: ['::1'], both: ['127.0.0.1', '::2'] }
  for (const [options, name] of [
    [{ name: 'six', port: 80 }, '[::1]:80'],
    [{ name: 'both', port: 80 }, '127.0.0.1:80'],
    [{ name: 'both', port: 80, record: 'aaaa' }, '[::2]:80'],
    [{ name: 'both', port: 80, record: 'a' }, '127.0.0.1:80'],
  ] as const) {
    const { clock, witness } = openSource(options, { addresses })
    await clock.advanceAsync(0)
    assert.deepEqual(witness.names, [name])
  }
})

test('asks again when the TTL has passed, within 1 s and 5 min', async () => {
  for (const [ttl, expected] of [
    [0, 1_000],
    [20, 20_000],
    [86_400, 300_000],
  ] as const) {
    const { clock, questions } = openSource(
      { name: 'app', port: 80 },
      { addresses: { app: ['10.0.0.1'] }, ttl },
    )
    await clock.advanceAsync(expected - 1)
    const before = questions()
    await clock.advanceAsync(1)
    assert.ok(questions() > before)
  }
})

test('stays fresh for as long as its answer holds', async () => {
  const { clock, roster } = openSource(
    { name: 'app', port: 80 },
    { addresses: { app: ['10.0.0.1'] }, ttl: 120 },
  )
  await clock.advanceAsync(119_999)
  assert.equal(roster.state, 'fresh')
})

test('the targets of the lowest priority serve, by weight; several addresses share it', async () => {
  const service = (name: string, priority: number, weight: number) => ({
    name,
    priority,
    weight,
    port: 8_080,
  })
  const { clock, roster } = openSource(
    { name: '_http._tcp.app' },
    {
      addresses: { a: ['10.0.0.1', '10.0.0.2'], b: ['10.0.0.3'], spare: ['10.0.0.9'] },
      services: { '_http._tcp.app': [service('spare', 20, 9), service('a', 10, 60), service('b', 10, 0)] },
    },
  )
  await clock.advanceAsync(0)
  assert.deepEqual(
    roster.servers.map(({ name, weight, servername }) => [name, weight, servername]),
    [
      ['10.0.0.1:8080', 30, 'a'],
      ['10.0.0.2:8080', 30, 'a'],
      ['10.0.0.3:8080', 0.1, 'b'],
    ],
  )
})

test('a target that cannot be resolved does not cost the others', async () => {
  const service = (name: string) => ({ name, priority: 1, weight: 1, port: 80 })
  const { clock, witness } = openSource(
    { name: '_http._tcp.app' },
    { addresses: { a: ['10.0.0.1'] }, services: { '_http._tcp.app': [service('a'), service('gone')] } },
  )
  await clock.advanceAsync(0)
  assert.deepEqual(witness.names, ['10.0.0.1:80'])
})

test('no answer leaves the last list standing, and is asked again with backoff', async () => {
  const zone: Zone = { addresses: { app: ['10.0.0.1'] }, ttl: 1 }
  const { clock, roster, witness, questions } = openSource({ name: 'app', port: 80 }, zone)
  await clock.advanceAsync(500)
  zone.failure = 'ETIMEOUT'
  await clock.advanceAsync(3_600_000)
  assert.deepEqual(witness.names, ['10.0.0.1:80'])
  assert.equal(roster.state, 'lost')
  assert.equal(witness.count('query_failed'), 1)
  assert.ok(questions() < 80, `${questions()} questions`)
  delete zone.failure
  await clock.advanceAsync(60_000)
  assert.equal(roster.state, 'fresh')
})

test('that there is no record is an empty list, held before it is believed', async () => {
  const zone: Zone = { addresses: { app: ['10.0.0.1'] }, ttl: 1 }
  const { clock, roster } = openSource({ name: 'app', port: 80 }, zone)
  await clock.advanceAsync(500)
  zone.addresses = {}
  await clock.advanceAsync(29_000)
  assert.equal(roster.servers.length, 1)
  await clock.advanceAsync(2_000)
  assert.equal(roster.servers.length, 0)
  assert.equal(roster.connected, true)
  zone.addresses = { app: ['10.0.0.2'] }
  await clock.advanceAsync(60_000)
  assert.deepEqual(
    roster.servers.map(({ name }) => name),
    ['10.0.0.2:80'],
  )
})
