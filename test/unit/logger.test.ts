import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type { AccessLine } from '../../src/access-log.ts'
import { openLog } from '../../src/logger.ts'

test('the secrets of clients are hidden, wherever the fields of a message are logged', () => {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  const { logger } = openLog({ level: 'info', pid: 1, terminal: { write, hasColors: false } })
  const headers = {
    authorization: 'Bearer secret',
    cookie: 'id=secret',
    'set-cookie': 'id=secret',
    'proxy-authorization': 'Basic secret',
    'x-api-key': 'secret',
    accept: 'text/plain',
  }
  for (const fields of [{ headers }, { req: { headers } }, { res: { headers } }])
    logger.info(fields, 'logged')
  assert.doesNotMatch(text, /secret/)
  assert.equal(text.match(/\[hidden\]/g)?.length, 15)
  assert.equal(text.match(/text\/plain/g)?.length, 3)
})

const hostile = '/"\\\u0000\u2028\ud800é'
/** With every field that a line may have, as hostile as its type allows. */
const fullLine = {
  requestId: hostile,
  client: hostile,
  method: hostile,
  host: hostile,
  url: hostile,
  status: 200,
  durationMs: 0.3,
  route: hostile,
  upstream: hostile,
  server: hostile,
  attempts: 0,
  waitMs: Number.NaN,
  cache: hostile,
  socketAgeMs: Number.POSITIVE_INFINITY,
  aborted: true,
  error: hostile,
  cause: hostile,
} satisfies { [Name in keyof AccessLine]-?: NonNullable<AccessLine[Name]> }
const line: AccessLine = {
  ...fullLine,
  host: undefined,
  server: undefined,
  attempts: undefined,
  waitMs: undefined,
  socketAgeMs: undefined,
  aborted: undefined,
  error: undefined,
  cause: undefined,
}

test('what is below the level is not written, whichever it was when the log was opened', () => {
  const lines: string[] = []
  const terminal = { write: (text: string) => void lines.push(text), hasColors: false }
  const { logger, writeAccessLine } = openLog({ level: 'warn', pid: 1, terminal })
  logger.info('quiet')
  writeAccessLine(line)
  logger.warn('loud')
  assert.equal(lines.length, 1)
  logger.level = 'info'
  writeAccessLine(line)
  assert.equal(lines.length, 2)
})

/** What a process of its own writes to standard output, a file, with the log of a worker. */
async function outputOf(t: TestContext, statements: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-log-'))
  t.after(() => rm(folder, { recursive: true }))
  const output = await open(join(folder, 'log'), 'w+')
  const module = JSON.stringify(new URL('../../src/logger.ts', import.meta.url).href)
  const program = `
    import { openLog } from ${module}
    const { logger, writeAccessLine } = openLog({ level: 'info', pid: 7, worker: 2 })
    ${statements}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', output.fd, 'inherit'],
  })
  assert.deepEqual(await once(child, 'close'), [0, null])
  await output.close()
  return (await readFile(join(folder, 'log'), 'utf8')).split('\n')
}

test('an access line is what the logger would have written', async (t) => {
  const lines = await outputOf(
    t,
    `Date.now = () => 1234567890123
    for (const line of ${inspect([line, fullLine])}) {
      logger.info(line, 'request')
      writeAccessLine(line)
    }`,
  )
  const [written, direct, fullWritten, fullDirect, ...rest] = lines
  assert.match(written as string, /^\{"level":30,"time":1234567890123,"pid":7,"worker":2,"requestId":/)
  assert.equal(direct, written)
  assert.equal(fullDirect, fullWritten)
  assert.equal(Object.keys(JSON.parse(fullDirect as string)).length, 22)
  assert.deepEqual(rest, [''])
})

test('a process that ends takes no line along, however it ends', async (t) => {
  for (const end of ['', 'process.exit(0)', "logger.fatal('over')"]) {
    const lines = await outputOf(
      t,
      `for (let number = 0; number < 3000; number++) {
        if (number % 2 === 0) logger.info({ attempts: number }, 'é')
        else writeAccessLine({ attempts: number })
        if (number % 1000 === 0) await new Promise(setImmediate)
      }
      ${end}`,
    )
    const numbers = lines.filter((text) => text.includes('attempts')).map((text) => JSON.parse(text).attempts)
    assert.deepEqual(
      numbers.sort((one, other) => one - other),
      Array.from({ length: 3000 }, (_, index) => index),
    )
  }
})
