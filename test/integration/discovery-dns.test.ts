import assert from 'node:assert/strict'
import { promises as dns } from 'node:dns'
import { type TestContext, test } from 'node:test'
import { Discovery, type DiscoveryOptions } from '../../src/discovery/discovery.ts'
import { DnsServer } from '../helpers/dns-server.ts'
import { Witness } from '../helpers/servers.ts'

async function listen(t: TestContext) {
  const server = new DnsServer()
  const address = await server.listen()
  t.after(() => server.close())
  const open = (options: DiscoveryOptions) => {
    const resolver = new dns.Resolver({ timeout: 200, tries: 1 })
    resolver.setServers([address])
    const lookup = async () => []
    const witness = new Witness()
    const discovery = new Discovery(options, witness, { resolver, lookup, random: () => 0 })
    t.after(() => discovery.close())
    discovery.start()
    return { discovery, witness }
  }
  return { server, open }
}

test('follows the addresses of a name at their TTL, and keeps them while the name server is silent', async (t) => {
  const { server, open } = await listen(t)
  server.records.set('app.test', [
    { type: 'A', ttl: 1, data: '127.0.0.2' },
    { type: 'A', ttl: 300, data: '127.0.0.3' },
  ])
  const { discovery, witness } = open({ kind: 'dns', name: 'app.test', port: 5_000 })
  await witness.until(() => witness.lists.length === 1)
  assert.deepEqual(witness.names, ['127.0.0.2:5000', '127.0.0.3:5000'])

  server.records.set('app.test', [{ type: 'A', ttl: 1, data: '127.0.0.4' }])
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.4:5000'])

  server.isSilent = true
  await witness.until(() => witness.count('query_failed') === 1)
  assert.equal(discovery.roster.state, 'lost')
  assert.equal(discovery.roster.servers.length, 1)
})

test('reads SRV records with their priorities, weights and ports', async (t) => {
  const { server, open } = await listen(t)
  server.records.set('_http._tcp.app.test', [
    { type: 'SRV', ttl: 60, data: 'a.app.test', priority: 1, weight: 3, port: 8_001 },
    { type: 'SRV', ttl: 60, data: 'b.app.test', priority: 1, weight: 1, port: 8_002 },
    { type: 'SRV', ttl: 60, data: 'c.app.test', priority: 2, weight: 9, port: 8_003 },
  ])
  server.records.set('a.app.test', [{ type: 'A', ttl: 60, data: '127.0.0.2' }])
  server.records.set('b.app.test', [{ type: 'AAAA', ttl: 60, data: '::1' }])
  server.records.set('c.app.test', [{ type: 'A', ttl: 60, data: '127.0.0.9' }])
  const { witness } = open({ kind: 'dns', name: '_http._tcp.app.test', record: 'srv' })
  await witness.until(() => witness.lists.length === 1)
  assert.deepEqual(
    witness.lists[0]!.map(({ name, host, weight, servername }) => [name, host, weight, servername]).sort(),
    [
      ['127.0.0.2:8001', '127.0.0.2', 3, 'a.app.test'],
      ['[::1]:8002', '::1', 1, 'b.app.test'],
    ],
  )
})

test('a name in a fixed list becomes a server for each of its addresses', async (t) => {
  const { server, open } = await listen(t)
  server.records.set('app.test', [
    { type: 'A', ttl: 1, data: '127.0.0.2' },
    { type: 'A', ttl: 1, data: '127.0.0.3' },
  ])
  const { witness } = open({ kind: 'static', servers: [{ url: 'http://app.test:3000', weight: 2 }] })
  assert.deepEqual(witness.names, ['app.test:3000'])
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.2:3000', '127.0.0.3:3000'])
  server.records.set('app.test', [{ type: 'A', ttl: 1, data: '127.0.0.3' }])
  await witness.until(() => witness.lists.length === 3)
  assert.deepEqual(witness.names, ['app.test:3000'])
})

test('a name that /etc/hosts knows is found', async (t) => {
  const witness = new Witness()
  const resolver = new dns.Resolver({ timeout: 200, tries: 1 })
  // Nobody listens there: only the system can answer.
  resolver.setServers(['127.0.0.1:9'])
  const discovery = new Discovery({ kind: 'dns', name: 'localhost', port: 80, record: 'a' }, witness, {
    resolver,
  })
  t.after(() => discovery.close())
  discovery.start()
  await witness.until(() => witness.lists.length === 1)
  assert.deepEqual(witness.names, ['127.0.0.1:80'])
})
