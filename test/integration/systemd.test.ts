import assert from 'node:assert/strict'
import { chmod, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Command, folderWith, headgate, mainFile } from '../helpers/command.ts'
import { eventually } from '../helpers/gateway.ts'
import { serve } from '../helpers/sample-backend.ts'

const configure = (url: string) =>
  `server: { host: 127.0.0.1, port: 0 }
upstreams: { app: { servers: [{ url: "${url}" }] } }
routes: [{ path: /, upstream: app }]
`

/** A folder with a configuration, and with a `systemd-notify` that writes down what it is given. */
async function folderWithNotify(t: TestContext) {
  const url = await serve(t, (_request, response) => response.end('here'))
  const folder = await folderWith(t, {
    'headgate.yaml': configure(url),
    'systemd-notify': '#!/bin/sh\necho "$@" >> "$TOLD"\n',
    told: '',
  })
  await chmod(join(folder, 'systemd-notify'), 0o755)
  const told = async () => (await readFile(join(folder, 'told'), 'utf8')).trim().split('\n')
  const env = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    TOLD: join(folder, 'told'),
    PATH: `${folder}:${process.env.PATH}`,
  }
  return { folder, told, env }
}

test('systemd is told of readiness, of a reload with its time, and of the stop, in that order', async (t) => {
  const { folder, told, env } = await folderWithNotify(t)
  const command = headgate(t, [], { cwd: folder, env })
  await command.logged('headgate serves')
  await eventually(async () => assert.deepEqual(await told(), ['READY=1']))

  command.signal('SIGHUP')
  await eventually(async () => assert.equal((await told()).length, 3))
  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)

  const [, reloading, ready, stopping] = await told()
  assert.match(String(reloading), /^RELOADING=1 MONOTONIC_USEC=\d{6,}$/)
  assert.deepEqual([ready, stopping], ['READY=1', 'STOPPING=1'])
})

test('the watchdog of systemd hears of a process that lives, twice in its time', async (t) => {
  const { folder, told, env } = await folderWithNotify(t)
  const command = headgate(t, [], { cwd: folder, env: { ...env, WATCHDOG_USEC: '100000' } })
  await command.logged('headgate serves')
  await eventually(async () => assert.ok((await told()).filter((line) => line === 'WATCHDOG=1').length >= 2))
})

test('where systemd cannot be told, the log says so once, and the gateway serves', async (t) => {
  const { folder, env } = await folderWithNotify(t)
  const command = headgate(t, [], { cwd: folder, env: { ...env, PATH: '/nowhere' } })
  await command.logged('systemd cannot be told')
  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)
  assert.equal(command.log.filter(({ msg }) => msg === 'systemd cannot be told').length, 1)
})

test('a socket that systemd has opened is served', async (t) => {
  const { folder } = await folderWithNotify(t)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const socket = (server as Server & { _handle: { fd: number } })._handle.fd
  const command = new Command(
    t,
    ['-c', `LISTEN_PID=$$ LISTEN_FDS=1 exec "${process.execPath}" "${mainFile}"`],
    { program: '/bin/sh', cwd: folder, socket },
  )
  const { addresses } = await command.logged('headgate serves')

  assert.equal((addresses as { port: number }[])[0]?.port, port)
  // From here on the gateway alone accepts on it.
  await new Promise((resolve) => server.close(resolve))
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'here')
})
