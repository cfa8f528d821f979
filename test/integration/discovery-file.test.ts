import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Discovery } from '../../src/discovery/discovery.ts'
import { Witness } from '../helpers/servers.ts'

async function openFile(t: TestContext, name = 'servers.yaml') {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-file-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, name)
  const witness = new Witness()
  const discovery = new Discovery({ kind: 'file', path, pollInterval: 100 }, witness)
  t.after(() => discovery.close())
  return { folder, path, witness, discovery }
}

test('a file that is replaced by renaming is read again', async (t) => {
  const { folder, path, witness, discovery } = await openFile(t)
  await writeFile(path, '- { url: "http://127.0.0.2:80", weight: 2 }')
  discovery.start()
  await witness.until(() => witness.lists.length === 1)
  await writeFile(join(folder, 'next'), '- { url: "http://127.0.0.3:80" }')
  await rename(join(folder, 'next'), path)
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.3:80'])
})

test('a broken file leaves the last list standing, with one event', async (t) => {
  const { path, witness, discovery } = await openFile(t)
  await writeFile(path, '- { url: "http://127.0.0.2" }')
  discovery.start()
  await witness.until(() => witness.lists.length === 1)
  await writeFile(path, '- { url: "http://127.0.0.3" ]')
  await witness.until(() => witness.count('list_ignored') === 1)
  assert.deepEqual(witness.names, ['127.0.0.2:80'])
  await writeFile(path, '- { url: "http://127.0.0.4" }')
  await witness.until(() => witness.lists.length === 2)
  assert.equal(witness.count('list_ignored'), 1)
})

test('a file that is not there yet is found when it comes, its folder included', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-file-'))
  t.after(() => rm(folder, { recursive: true }))
  const inner = join(folder, 'inner')
  const witness = new Witness()
  const options = { kind: 'file', path: join(inner, 'servers.json'), pollInterval: 50 } as const
  const discovery = new Discovery(options, witness)
  t.after(() => discovery.close())
  discovery.start()
  await witness.until(() => witness.count('file_unreadable') === 1)
  assert.equal(discovery.roster.state, 'waiting')
  await mkdir(inner)
  await writeFile(options.path, '[{"url": "http://127.0.0.2"}]')
  await witness.until(() => witness.lists.length === 1)
  assert.equal(discovery.roster.state, 'fresh')
})

test('a file that disappears leaves its list, and the state says so', async (t) => {
  const { path, witness, discovery } = await openFile(t, 'servers.json')
  await writeFile(path, '[{"url": "http://127.0.0.2"}]')
  discovery.start()
  await witness.until(() => witness.lists.length === 1)
  await rm(path)
  await witness.until(() => witness.count('file_unreadable') === 1)
  assert.equal(discovery.roster.state, 'lost')
  assert.equal(discovery.roster.servers.length, 1)
})
