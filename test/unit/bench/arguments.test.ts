import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWanted, parseArguments, UsageError } from '../../../bench/arguments.ts'

const cases = ['get', 'hit']

test('without arguments, everything is measured', () => {
  const { cases: named, isQuick, gateways, writesDocs } = parseArguments([], cases)
  assert.deepEqual(
    { named, isQuick, gateways, writesDocs },
    { named: [], isQuick: false, gateways: [], writesDocs: false },
  )
})

test('cases, pace and gateways are read in any order', () => {
  const parsed = parseArguments(['hit', '--quick', '--gateways=nginx,headgate', 'get', '--docs'], cases)
  assert.deepEqual(parsed.cases, ['hit', 'get'])
  assert.deepEqual(parsed.gateways, ['nginx', 'headgate'])
  assert.ok(parsed.isQuick && parsed.writesDocs && !parsed.profiles)
})

test('an unknown case or option is told, with the cases that there are', () => {
  assert.throws(() => parseArguments(['hot'], cases), new UsageError('Unknown case hot; there are: get, hit'))
  assert.throws(() => parseArguments(['--fast'], cases), UsageError)
})

test('gateways are wanted by the beginning of their names', () => {
  assert.ok(isWanted('nginx, no log', ['nginx']))
  assert.ok(!isWanted('haproxy', ['nginx']))
  assert.ok(isWanted('haproxy', []))
})
