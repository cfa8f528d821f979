import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
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

const line = {
  requestId: 'a',
  client: '::1',
  method: 'GET',
  host: undefined,
  url: '/"\\\u0000\u2028\ud800é',
  status: 200,
  durationMs: 0.3,
  route: '/',
  upstream: 'app',
  server: undefined,
  attempts: undefined,
  waitMs: Number.NaN,
  cache: 'hit',
  socketAgeMs: undefined,
  aborted: true,
  error: undefined,
  cause: undefined,
} as const

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
async function outputOf(t: TestContext, statements: string, options = ''): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-log-'))
  t.after(() => rm(folder, { recursive: true }))
  const output = await open(join(folder, 'log'), 'w+')
  const module = JSON.stringify(new URL('../../src/logger.ts', import.meta.url).href)
  const program = `
    import { openLog } from ${module}
    const { logger, writeAccessLine } = openLog({ level: 'info', pid: 7, worker: 2, ${options} })
    ${statements}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', output.fd, 'inherit'],
  })
  assert.deepEqual(await once(child, 'close'), [0, null])
  await output.close()
  return (await readFile(join(folder, 'log'), 'utf8')).split('\n')
}

test('an access line is what the logger would have written', async (t) => {
  const [written, direct, ...rest] = await outputOf(
    t,
    `Date.now = () => 1234567890123
    const line = ${inspect(line)}
    logger.info(line, 'request')
    writeAccessLine(line)`,
  )
  assert.match(written as string, /^\{"level":30,"time":1234567890123,"pid":7,"worker":2,"requestId":"a",/)
  assert.equal(direct, written)
  assert.deepEqual(rest, [''])
})

test('a process that ends takes no line along, however it ends', async (t) => {
  for (const end of ['', 'process.exit(0)', "logger.fatal('over')"]) {
    const lines = await outputOf(
      t,
      `for (let number = 0; number < 3000; number++) {
        if (number % 2 === 0) logger.info({ number }, 'é')
        else writeAccessLine({ number })
        if (number % 1000 === 0) await new Promise(setImmediate)
      }
      ${end}`,
    )
    const numbers = lines.filter((text) => text.includes('number')).map((text) => JSON.parse(text).number)
    assert.deepEqual(
      numbers.sort((one, other) => one - other),
      Array.from({ length: 3000 }, (_, index) => index),
    )
  }
})

for (const [what, sharesPipe, mostBytes] of [
  ['together', false, 32 * 1024],
  ['in pieces that a shared pipe takes whole', true, 4 * 1024],
] as const) {
  test(`lines leave ${what}, in order`, async (t) => {
    const output = await outputOf(
      t,
      `const { default: fs } = await import('node:fs')
      const { write } = fs
      const pieces = []
      fs.write = (...given) => {
        pieces.push(String(given[1]))
        write(...given)
      }
      for (let number = 0; number < 1000; number++) {
        if (number % 2 === 0) logger.info({ number }, 'é'.repeat(100))
        else writeAccessLine({ number })
      }
      while (!pieces.join('').includes('"number":999')) await new Promise(setImmediate)
      process.on('exit', () => fs.writeSync(1, JSON.stringify(pieces)))`,
      `sharesPipe: ${sharesPipe}`,
    )
    const pieces = JSON.parse(output.at(-1) as string) as string[]
    const lengths = pieces.map((piece) => Buffer.byteLength(piece))
    const longestLine = Math.max(...output.slice(0, -1).map((line) => Buffer.byteLength(line)))

    assert.ok(lengths.every((length) => length <= mostBytes))
    assert.ok(lengths.slice(0, -1).every((length) => length >= mostBytes - longestLine))
    const lines = pieces.flatMap((piece) => piece.trimEnd().split('\n'))
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).number),
      Array.from({ length: 1000 }, (_, index) => index),
    )
  })
}
