import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FaultLog } from '../../../src/discovery/events.ts'
import { SavedList } from '../../../src/discovery/saved-list.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { spec, Witness } from '../../helpers/servers.ts'

const servers = [spec('a'), spec('10.0.0.1', { weight: 3, draining: true, servername: 'b' })]

async function openFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-saved-'))
  t.after(() => rm(folder, { recursive: true }))
  const clock = new FakeClock()
  const witness = new Witness()
  const path = join(folder, 'list.json')
  const open = (source = 'agent') =>
    new SavedList({ path, source }, clock, new FaultLog(witness.onEvent, clock))
  return { folder, path, clock, witness, open }
}

test('reads back what it kept, with its true age', async (t) => {
  const { clock, open } = await openFolder(t)
  const list = open()
  clock.advance(1_000)
  list.keep(servers, 400)
  await list.close()
  clock.advance(5_000)
  assert.deepEqual(open().read(), { servers, ageMs: 5_600 })
})

test('writes at most once an interval, and the last list', async (t) => {
  const { clock, path, open } = await openFolder(t)
  const list = open()
  for (let turn = 0; turn < 100; turn++) list.keep([spec(`turn-${turn}`)], clock.now())
  await assert.rejects(readFile(path))
  clock.advance(5_000)
  await list.close()
  assert.deepEqual(open().read()!.servers, [spec('turn-99')])
  assert.equal(clock.pending, 0)
})

test('leaves no other file behind', async (t) => {
  const { folder, open } = await openFolder(t)
  const list = open()
  list.keep(servers, 0)
  await list.close()
  assert.deepEqual(await readdir(folder), ['list.json'])
})

test('without a file there is no list, and that is no fault', async (t) => {
  const { witness, open } = await openFolder(t)
  assert.equal(open().read(), undefined)
  assert.deepEqual(witness.events, [])
})

test('the list of another source is not used', async (t) => {
  const { witness, open } = await openFolder(t)
  const list = open('ws://one')
  list.keep(servers, 0)
  await list.close()
  assert.equal(open('ws://other').read(), undefined)
  assert.equal(witness.count('restore_failed'), 1)
})

for (const text of [
  '',
  'nonsense',
  'null',
  '[]',
  '{"version":2,"source":"agent","heardAt":0,"servers":[]}',
  '{"version":1,"source":"agent","heardAt":null,"servers":[{}]}',
  '{"version":1,"source":"agent","heardAt":0,"servers":[]}',
  '{"version":1,"source":"agent","heardAt":0,"servers":[null]}',
  '{"version":1,"source":"agent","heardAt":0,"servers":[{"host":"a","port":0}]}',
  '{"version":1,"source":"agent","heardAt":0,"servers":[{"protocol":"http:","host":"a b","port":1,"weight":1,"draining":false}]}',
]) {
  test(`ignores a file that holds ${text.slice(0, 60) || 'nothing'}, and says so`, async (t) => {
    const { path, witness, open } = await openFolder(t)
    await writeFile(path, text)
    assert.equal(open().read(), undefined)
    assert.equal(witness.count('restore_failed'), 1)
  })
}

test('a file that cannot be written is told once', async (t) => {
  const { clock, witness, folder } = await openFolder(t)
  const path = join(folder, 'no-folder', 'list.json')
  const list = new SavedList({ path, source: 'agent' }, clock, new FaultLog(witness.onEvent, clock))
  for (let turn = 0; turn < 3; turn++) {
    list.keep(servers, 0)
    clock.advance(20_000)
  }
  await list.close()
  assert.equal(witness.count('save_failed'), 1)
})
