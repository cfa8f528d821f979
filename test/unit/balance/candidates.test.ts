import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../bench/simulation/seeded-random.ts'
import { Candidates } from '../../../src/balance/candidates.ts'
import { Server } from '../../../src/balance/server.ts'
import { noPools, serverSpec } from '../../helpers/upstream.ts'

const serversOf = (count: number) =>
  Array.from({ length: count }, (_, index) => new Server(serverSpec(`s${index}`), noPools, 1, 0, 0))

test('knows after any sequence of changes who is a candidate, where it stands, and what all weigh', () => {
  const change = fc.record({
    server: fc.nat(7),
    kind: fc.constantFrom('add', 'delete', 'reweigh'),
    share: fc.double({ min: 1e-6, max: 1e7, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const candidates = new Candidates()
      const servers = serversOf(8)
      const expected = new Set<Server>()
      for (const server of servers) candidates.reweigh(server, 1)
      for (const { server: index, kind, share } of changes) {
        const server = servers[index]!
        if (kind === 'reweigh') candidates.reweigh(server, share)
        if (kind === 'add') candidates.add(server)
        if (kind === 'delete') candidates.delete(server)
        if (kind === 'add') expected.add(server)
        if (kind === 'delete') expected.delete(server)
        const occupied = candidates.levels.filter((level) => level.servers.length > 0)
        assert.deepEqual(candidates.occupied, occupied)
      }
      assert.deepEqual(new Set(candidates.list), expected)
      const inLevels = candidates.levels.flatMap((level) => level.servers)
      assert.deepEqual(new Set(inLevels), expected)
      assert.equal(inLevels.length, expected.size)
      let total = 0
      for (const server of servers) {
        assert.equal(server.place >= 0, expected.has(server))
        if (!expected.has(server)) continue
        total += server.share
        const level = candidates.levels[server.level]!
        assert.equal(candidates.list[server.place], server)
        assert.equal(level.servers[server.levelPlace], server)
        assert.ok(server.share <= level.top && server.share >= level.top / 2)
      }
      assert.ok(Math.abs(candidates.total - total) <= 1e-6 * Math.max(1, total) + 1e-6)
      if (expected.size > 0) assert.ok(expected.has(candidates.drawByShare(seededRandom(1))))
    }),
  )
})

test('draws by share in proportion, however far shares lie apart', () => {
  const candidates = new Candidates()
  const shares = [0.01, 0.5, 0.99, 1, 7, 64, 100]
  const servers = serversOf(shares.length)
  shares.forEach((share, index) => {
    candidates.reweigh(servers[index]!, share)
    candidates.add(servers[index]!)
  })
  const random = seededRandom(7)
  const draws = 400_000
  const counts = new Map<Server, number>()
  for (let draw = 0; draw < draws; draw++) {
    const server = candidates.drawByShare(random)
    counts.set(server, (counts.get(server) ?? 0) + 1)
  }
  const total = shares.reduce((sum, share) => sum + share, 0)
  shares.forEach((share, index) => {
    const expected = (draws * share) / total
    const found = counts.get(servers[index]!) ?? 0
    assert.ok(Math.abs(found - expected) < 5 * Math.sqrt(expected) + 5, `${share}: ${found}, not ${expected}`)
  })
})

test('draws uniformly, whatever the shares', () => {
  const candidates = new Candidates()
  const servers = serversOf(3)
  servers.forEach((server, index) => {
    candidates.reweigh(server, 10 ** index)
    candidates.add(server)
  })
  const random = seededRandom(3)
  const counts = new Map<Server, number>()
  for (let draw = 0; draw < 30_000; draw++) {
    const server = candidates.drawUniformly(random)
    counts.set(server, (counts.get(server) ?? 0) + 1)
  }
  for (const count of counts.values()) assert.ok(Math.abs(count - 10_000) < 500)
})
