import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Expiring, Sweep } from '../../../src/forward/sweep.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

class Member extends Expiring {
  looks = 0
  onExpire: () => void = () => {}

  expire(): void {
    this.looks++
    this.onExpire()
  }
}

function swept(count: number): { clock: FakeClock; sweep: Sweep; members: Member[] } {
  const clock = new FakeClock()
  const sweep = new Sweep({ clock, intervalMs: 50 })
  const members = Array.from({ length: count }, () => new Member())
  for (const member of members) sweep.add(member)
  return { clock, sweep, members }
}

test('every member is looked at once in each interval', () => {
  const { clock, members } = swept(3)
  clock.advance(150)
  assert.deepEqual(
    members.map(({ looks }) => looks),
    [3, 3, 3],
  )
})

test('no timer runs while there is nothing to watch', () => {
  const { clock, sweep, members } = swept(2)
  for (const member of members) sweep.delete(member)
  clock.advance(50)
  assert.equal(clock.pending, 0)
  sweep.add(members[0] as Member)
  clock.advance(50)
  assert.equal(members[0]?.looks, 1)
})

test('a member may take itself, the next one or all out while it is looked at', () => {
  const { clock, sweep, members } = swept(4)
  const [first, second, third, fourth] = members as [Member, Member, Member, Member]
  first.onExpire = () => {
    sweep.delete(first)
    sweep.delete(second)
  }
  third.onExpire = () => {
    for (const member of members) sweep.delete(member)
  }
  clock.advance(100)
  assert.deepEqual(
    members.map(({ looks }) => looks),
    [1, 0, 1, 0],
  )
  assert.equal(sweep.size, 0)
  assert.equal(fourth.isSwept, false)
})

test('adding twice and deleting twice is the same as once', () => {
  const { sweep, members } = swept(1)
  const [member] = members as [Member]
  sweep.add(member)
  assert.equal(sweep.size, 1)
  sweep.delete(member)
  sweep.delete(member)
  assert.equal(sweep.size, 0)
})

test('the members are those that were added and not deleted since, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ index: fc.nat(7), isAdded: fc.boolean() })), (steps) => {
      const clock = new FakeClock()
      const sweep = new Sweep({ clock, intervalMs: 50 })
      const members = Array.from({ length: 8 }, () => new Member())
      const expected = new Set<Member>()
      for (const { index, isAdded } of steps) {
        const member = members[index] as Member
        if (isAdded) sweep.add(member)
        else sweep.delete(member)
        if (isAdded) expected.add(member)
        else expected.delete(member)
      }
      clock.advance(50)
      assert.equal(sweep.size, expected.size)
      for (const member of members) assert.equal(member.looks, expected.has(member) ? 1 : 0)
    }),
  )
})
