import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../src/logger.ts'

test('the secrets of clients are hidden, wherever the fields of a message are logged', () => {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  const log = createLogger({ level: 'info', pid: 1, terminal: { write, hasColors: false } })
  const headers = {
    authorization: 'Bearer secret',
    cookie: 'id=secret',
    'set-cookie': 'id=secret',
    'proxy-authorization': 'Basic secret',
    'x-api-key': 'secret',
    accept: 'text/plain',
  }
  for (const fields of [{ headers }, { req: { headers } }, { res: { headers } }]) log.info(fields, 'logged')
  assert.doesNotMatch(text, /secret/)
  assert.equal(text.match(/\[hidden\]/g)?.length, 15)
  assert.equal(text.match(/text\/plain/g)?.length, 3)
})

test('what is below the level is not written', () => {
  const lines: string[] = []
  const log = createLogger({
    level: 'warn',
    pid: 1,
    terminal: { write: (line) => lines.push(line), hasColors: false },
  })
  log.info('quiet')
  log.warn('loud')
  assert.equal(lines.length, 1)
})
