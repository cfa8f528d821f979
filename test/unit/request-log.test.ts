import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { withRequestLogs } from '../../src/request-log.ts'

/** A logger, and what it has written. */
function start(options: LoggerOptions = {}) {
  const lines: string[] = []
  const log = pino({ timestamp: false, base: { pid: 1 }, ...options }, { write: (line) => lines.push(line) })
  return { log, lines }
}

/** What can be done with the logger of a request. */
function use(log: Logger): void {
  log.info({ a: 1 }, 'said')
  log.child({ b: 2 }).warn('of a child')
  log.setBindings({ c: 3 })
  log.info(log.bindings(), 'with more')
  log.level = 'error'
  log.info('not said')
  log.error(new Error('broken').message)
}

test('the log of a request says what a child of the logger would, and is made without one', (t) => {
  for (const id of ['a', '_-9/:.+=@', '"', '\n', 'é', '', 'a'.repeat(200)]) {
    const given = start()
    const usual = start()
    const quick = withRequestLogs(given.log)
    const child = t.mock.method(given.log, 'child')

    const request = quick.child({ reqId: id }, {})

    assert.equal(child.mock.callCount(), /^[\w.:/+=@-]{1,128}$/.test(id) ? 0 : 1)
    use(request)
    use(usual.log.child({ reqId: id }, {}))
    assert.deepEqual(given.lines, usual.lines)
    assert.equal(given.lines.length, 4)
  }
})

test('it belongs to the logger that it was asked of, and follows its level', () => {
  const { log, lines } = start()
  const ofPlugin = withRequestLogs(log).child({ plugin: 'p' }, { level: 'warn' })

  const request = ofPlugin.child({ reqId: 'a' }, {})
  request.info('not said')
  request.warn('said')

  assert.deepEqual(lines, ['{"level":40,"pid":1,"plugin":"p","reqId":"a","msg":"said"}\n'])
})

test('who asks for another level, for other serializers or for other fields gets them', () => {
  const { log, lines } = start()
  const quick = withRequestLogs(log)

  quick.child({ reqId: 'a' }, { level: 'warn' }).info('not said')
  quick.child({ reqId: 'a' }, { serializers: { x: () => 'serialized' } }).info({ x: 1 })
  quick.child({ reqId: 'a', more: 1 }, {}).info('said')
  quick.child({ reqId: 7 }, {}).info('said')

  assert.deepEqual(lines, [
    '{"level":30,"pid":1,"reqId":"a","x":"serialized"}\n',
    '{"level":30,"pid":1,"reqId":"a","more":1,"msg":"said"}\n',
    '{"level":30,"pid":1,"reqId":7,"msg":"said"}\n',
  ])
})

test('a logger that hides, changes or follows the ids of requests does so', () => {
  const hiding = start({ redact: ['reqId'] })
  withRequestLogs(hiding.log).child({ reqId: 'a' }, {}).info('said')
  assert.match(hiding.lines[0] as string, /"reqId":"\[Redacted\]"/)

  const changing = start({ serializers: { reqId: () => 'b' } })
  withRequestLogs(changing.log).child({ reqId: 'a' }, {}).info('said')
  assert.match(changing.lines[0] as string, /"reqId":"b"/)

  const following = start()
  const quick = withRequestLogs(following.log)
  const children: unknown[] = []
  following.log.onChild = (child) => children.push(child)
  const request = quick.child({ reqId: 'a' }, {})
  assert.deepEqual(children, [request])
})

test('a logger of another make is left as it is', () => {
  const { log } = start()
  const { info, warn, error, debug, trace, fatal, silent } = log
  const other = { info, warn, error, debug, trace, fatal, silent, level: 'info', child: () => other }

  assert.equal(withRequestLogs(other), other)
})
