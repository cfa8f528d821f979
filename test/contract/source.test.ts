import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  Discovery,
  type DiscoveryDependencies,
  type DiscoveryOptions,
} from '../../src/discovery/discovery.ts'
import type { RecordResolver } from '../../src/discovery/host-name.ts'
import { AgentServer } from '../helpers/agent-server.ts'
import { Witness } from '../helpers/servers.ts'

interface Kind {
  options: DiscoveryOptions
  dependencies?: DiscoveryDependencies
  /** Makes the source say another list of addresses; absent where it cannot. */
  change?: (addresses: string[]) => unknown
}

/** Each kind of source, as it names 127.0.0.2 and 127.0.0.3 with port 5000. */
const kinds: Record<string, (t: TestContext) => Promise<Kind>> = {
  async static() {
    const servers = ['127.0.0.2', '127.0.0.3'].map((address) => ({ url: `http://${address}:5000` }))
    return { options: { kind: 'static', servers } }
  },

  async agent(t) {
    const agent = await AgentServer.listen(t, items(['127.0.0.2', '127.0.0.3']))
    return {
      options: { kind: 'agent', url: agent.url, port: 5_000 },
      change: (addresses) => agent.send(items(addresses)),
    }
  },

  async file(t) {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-source-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'servers.json')
    const change = (addresses: string[]) => writeFile(path, JSON.stringify(items(addresses)))
    await change(['127.0.0.2', '127.0.0.3'])
    return { options: { kind: 'file', path, port: 5_000 }, change }
  },

  async dns() {
    let addresses = ['127.0.0.2', '127.0.0.3']
    const resolver: RecordResolver = {
      resolve4: async () => addresses.map((address) => ({ address, ttl: 1 })),
      resolve6: async () => [],
      resolveSrv: async () => [],
      cancel: () => {},
    }
    return {
      options: { kind: 'dns', name: 'app.test', port: 5_000 },
      dependencies: { resolver, lookup: async () => [] },
      change: (next) => {
        addresses = next
      },
    }
  },
}

function items(addresses: string[]) {
  return addresses.map((address) => ({ dns_name: address, score: 50, utilization_category: 'LU' }))
}

for (const [name, open] of Object.entries(kinds)) {
  async function start(t: TestContext) {
    const { options, dependencies, change } = await open(t)
    const witness = new Witness()
    const discovery = new Discovery(options, witness, dependencies)
    t.after(() => discovery.close())
    const before = discovery.roster.state
    discovery.start()
    await witness.until(() => witness.names.length === 2)
    return { discovery, witness, change, before }
  }

  test(`${name}: names its servers, whole, unique and frozen`, async (t) => {
    const { witness, discovery } = await start(t)
    assert.deepEqual(witness.names, ['127.0.0.2:5000', '127.0.0.3:5000'])
    assert.equal(witness.lists.length, 1)
    assert.ok(Object.isFrozen(witness.lists[0]))
    for (const server of witness.lists[0]!) {
      assert.ok(Object.isFrozen(server))
      assert.equal(server.protocol, 'http:')
      assert.equal(server.port, 5_000)
      assert.equal(server.draining, false)
      assert.ok(server.weight > 0)
    }
    assert.deepEqual(discovery.roster.servers, witness.lists[0])
  })

  test(`${name}: knows its state, its age and what it has heard`, async (t) => {
    const { discovery, before } = await start(t)
    assert.equal(before, name === 'static' ? 'static' : 'waiting')
    assert.equal(discovery.roster.state, name === 'static' ? 'static' : 'fresh')
    assert.equal(discovery.roster.connected, true)
    assert.equal(discovery.roster.messages.accepted, 1)
    assert.ok(discovery.roster.ageMs! >= 0)
  })

  test(`${name}: tells of its servers in an event`, async (t) => {
    const { witness } = await start(t)
    await witness.until(() => witness.count('servers_changed') === 1)
    const event = witness.events.find(({ kind }) => kind === 'servers_changed')
    assert.ok(event?.kind === 'servers_changed')
    assert.equal(event.servers, 2)
  })

  test(`${name}: a listener that throws does not end it`, async (t) => {
    const { options, dependencies } = await open(t)
    const witness = new Witness()
    const listener = {
      onServers() {
        throw new Error('no')
      },
      onEvent: witness.onEvent,
    }
    const discovery = new Discovery(options, listener, dependencies)
    t.after(() => discovery.close())
    discovery.start()
    await witness.until(() => witness.count('listener_failed') === 1)
  })

  test(`${name}: says nothing more once it is closed, and closes once`, async (t) => {
    const { discovery, witness, change } = await start(t)
    await Promise.all([discovery.close(), discovery.close()])
    await change?.(['127.0.0.4'])
    await discovery.close()
    assert.equal(witness.lists.length, 1)
    assert.equal(discovery.roster.connected, false)
  })

  test(`${name}: can be closed before it has begun to speak`, async (t) => {
    const { options, dependencies } = await open(t)
    const witness = new Witness()
    const discovery = new Discovery(options, witness, dependencies)
    discovery.start()
    await discovery.close()
    const lists = witness.lists.length
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(witness.lists.length, lists)
  })

  if (name === 'static') continue

  test(`${name}: follows a change`, async (t) => {
    const { witness, change } = await start(t)
    await change!(['127.0.0.3', '127.0.0.4'])
    await witness.until(() => witness.names.includes('127.0.0.4:5000'))
    assert.deepEqual(witness.names, ['127.0.0.3:5000', '127.0.0.4:5000'])
  })

  test(`${name}: holds an empty list`, async (t) => {
    const { witness, discovery, change } = await start(t)
    await change!([])
    await witness.until(() => witness.count('list_held') === 1)
    assert.equal(discovery.roster.servers.length, 2)
    assert.equal(witness.lists.length, 1)
  })
}
