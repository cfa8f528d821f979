import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { shareOf } from '../../../src/workers/share.ts'

function configOf(whole: number) {
  return resolveConfig({
    server: { maxConnections: whole },
    upstreams: {
      app: {
        servers: [{ url: 'http://127.0.0.1:1' }],
        limits: { maxInFlight: whole, queue: whole },
        connections: { max: whole },
      },
      learning: { servers: [{ url: 'http://127.0.0.1:1' }], limits: { maxInFlight: 'adaptive', queue: 0 } },
    },
    routes: [{ path: '/', upstream: 'app' }],
    cache: { maxEntries: whole, maxBytes: whole * 1024 },
  })
}

test('the parts of a limit add up to the whole, and are as equal as they can be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 10_000 }), (count, more) => {
      const whole = count + more
      const config = configOf(whole)
      const parts = Array.from({ length: count }, (_, index) => shareOf(config, { index, count }))
      const limitsOf = ({ server, cache, upstreams: { app } }: (typeof parts)[number]) => [
        server.maxConnections,
        app?.limits.maxInFlight as number,
        app?.limits.queue as number,
        app?.connections.max as number,
        cache.maxEntries,
      ]
      const limits = parts.map(limitsOf)
      for (const index of [0, 1, 2, 3, 4]) {
        const one = limits.map((all) => all[index] as number)
        assert.equal(
          one.reduce((sum, part) => sum + part, 0),
          whole,
        )
        assert.ok(Math.max(...one) - Math.min(...one) <= 1)
      }
    }),
    { numRuns: 50 },
  )
})

test('no part is less than 1, and what has no limit keeps none', () => {
  const { server, upstreams, cache } = shareOf(
    { ...configOf(1), server: { ...configOf(1).server, maxConnections: 0 } },
    { index: 3, count: 4 },
  )
  assert.deepEqual(
    [upstreams.app?.limits.maxInFlight, upstreams.app?.connections.max, cache.maxEntries],
    [1, 1, 1],
  )
  assert.equal(server.maxConnections, 0)
  assert.deepEqual(
    [upstreams.learning?.limits.maxInFlight, upstreams.learning?.limits.queue],
    ['adaptive', 0],
  )
})

test('a part is itself a valid configuration', () => {
  const part = shareOf(configOf(1), { index: 0, count: 256 })
  assert.deepEqual(resolveConfig(part), part)
  assert.equal(part.cache.maxEntryBytes, part.cache.maxBytes, 'no response is larger than the whole part')
})
