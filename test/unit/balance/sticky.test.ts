import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamOf } from '../../helpers/upstream.ts'

test('a client stays with its server, as long as that one serves', () => {
  const { upstream, apply } = upstreamOf({ weights: [1, 1, 1], limits: { maxInFlight: 20 } })
  const first = upstream.tryReserve({})!
  const sticky = upstream.stickyName(first.server)
  first.release('success')
  for (let index = 0; index < 10; index++) assert.equal(upstream.tryReserve({ sticky })!.server, first.server)
  apply([1, 1, 1].map((weight, index) => (`s${index}` === first.server.name ? 0 : weight)))
  assert.notEqual(upstream.tryReserve({ sticky })!.server, first.server)
})

test('what stands for a server shows no name, is the same in every gateway, and differs by upstream', () => {
  const one = upstreamOf()
  const other = upstreamOf()
  const elsewhere = upstreamOf({ name: 'other' })
  const name = one.upstream.stickyName(one.server('s0'))
  assert.match(name, /^[\w-]{16}$/)
  assert.equal(other.upstream.stickyName(other.server('s0')), name)
  assert.notEqual(elsewhere.upstream.stickyName(elsewhere.server('s0')), name)
})

test('a value that stands for nobody is ignored', () => {
  const { upstream } = upstreamOf()
  assert.ok(upstream.tryReserve({ sticky: '__proto__' }))
  assert.ok(upstream.tryReserve({ sticky: '' }))
})
