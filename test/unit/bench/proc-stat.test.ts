import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStat, treeOf } from '../../../bench/machine/proc-stat.ts'

const line = (pid: number, name: string, parent: number, user: number, system: number) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 0 0 0 0 ${user} ${system} 7 8 20 0 11 0 123 0 0`

test('user and system time of a process are read behind its name, whatever that is', () => {
  assert.deepEqual(parseStat(line(12, 'nginx: worker', 3, 40, 2)), { pid: 12, parent: 3, ticks: 42 })
  assert.deepEqual(parseStat(line(12, 'a) S 99 (b', 3, 40, 2)), { pid: 12, parent: 3, ticks: 42 })
})

test('a tree is a process and all that descend from it', () => {
  const processes = [line(1, 'init', 0, 0, 0), line(5, 'master', 1, 0, 0), line(7, 'other', 1, 0, 0)]
    .concat([line(6, 'worker', 5, 0, 0), line(9, 'helper', 6, 0, 0)])
    .map(parseStat)
  assert.deepEqual(
    treeOf(5, processes).map(({ pid }) => pid),
    [5, 6, 9],
  )
  assert.deepEqual(treeOf(99, processes), [])
})
