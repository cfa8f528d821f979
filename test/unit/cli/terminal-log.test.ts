import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatLogLine } from '../../../src/cli/terminal-log.ts'

const time = new Date(2026, 0, 1, 12, 34, 56).getTime()

test('a line says when, how severe, what, and then what belongs to it', () => {
  const entry = {
    level: 40,
    time,
    pid: 1,
    hostname: 'h',
    server: '10.0.0.5:3000',
    attempts: 2,
    msg: 'a server is out',
  }
  assert.equal(
    formatLogLine(JSON.stringify(entry), false),
    '12:34:56 warn  a server is out server=10.0.0.5:3000 attempts=2\n',
  )
})

test('an error keeps its stack, below the line', () => {
  const entry = { level: 50, time, msg: 'failed', err: { message: 'no', stack: 'Error: no\n    at here' } }
  assert.equal(
    formatLogLine(JSON.stringify(entry), false),
    '12:34:56 error failed\n    Error: no\n        at here\n',
  )
})

test('what a client sent cannot steer the terminal', () => {
  const entry = { level: 30, time, msg: 'request', url: '/\u001b[2J\u009b1m', host: 'a b' }
  const line = formatLogLine(JSON.stringify(entry), false)
  assert.ok(!line.includes('\u001b') && !line.includes('\u009b'), line)
  assert.match(line, /host='a b'/)
})

test('what is not a log line stays as it is', () => {
  assert.equal(formatLogLine('hello\n', true), 'hello\n')
})

test('colors are there only when they are wanted', () => {
  const line = JSON.stringify({ level: 30, time, msg: 'm' })
  assert.ok(formatLogLine(line, true).includes('\u001b['))
  assert.ok(!formatLogLine(line, false).includes('\u001b['))
})
