import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hostOf, isAuthority } from '../../../src/edge/authority.ts'
import { parseTarget } from '../../../src/edge/target.ts'

const segment = fc.stringMatching(/^[a-z.%0-9;]{0,6}$/)
const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`)

test('a target that is accepted has no dot segment left, in clear or hidden, and is accepted again as it is', () => {
  fc.assert(
    fc.property(path, (raw) => {
      const parsed = parseTarget(raw, 'GET')
      if (typeof parsed === 'string') return
      const decoded = parsed.target.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
      assert.ok(!decoded.split(/[/\\]/).some((part) => part === '.' || part === '..'), parsed.target)
      assert.deepEqual(parseTarget(parsed.target, 'GET'), { target: parsed.target })
    }),
  )
})

test('dot segments in clear resolve as a URL parser resolves them', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', '.', '..', ''), { maxLength: 8 }), (segments) => {
      const raw = `/${segments.join('/')}`
      const parsed = parseTarget(raw, 'GET')
      if (typeof parsed !== 'string') assert.equal(parsed.target, new URL(`http://h${raw}`).pathname)
    }),
  )
})

test('what looks plain to the quick check is plain to the long one', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\w~!$&'()*+,;=:@/.?%[\]-]{0,30}$/), (text) => {
      const parsed = parseTarget(`/${text}`, 'GET')
      if (typeof parsed === 'string') return
      assert.ok(parsed.target.startsWith('/'))
      assert.ok(!/\/\.\.?(?:\/|$)/.test(parsed.target.split('?')[0]!))
    }),
  )
})

test('an authority is read as a URL parser reads it', () => {
  fc.assert(
    fc.property(
      fc.domain(),
      fc.option(fc.integer({ min: 0, max: 70_000 }), { nil: undefined }),
      (name, port) => {
        const authority = port === undefined ? name : `${name}:${port}`
        assert.equal(isAuthority(authority), (port ?? 0) <= 65_535)
        assert.equal(hostOf(authority), name.toLowerCase())
      },
    ),
  )
})

test('the host of an address of IPv6 keeps its brackets', () => {
  assert.equal(hostOf('[2001:DB8::1]:8080'), '[2001:db8::1]')
  assert.equal(hostOf('a.example.:80'), 'a.example')
})
