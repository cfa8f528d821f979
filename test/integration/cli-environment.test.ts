import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AgentServer } from '../helpers/agent-server.ts'
import { folderWith, freePort, headgate } from '../helpers/command.ts'
import { serve } from '../helpers/sample-backend.ts'
import { item } from '../helpers/servers.ts'

/** Two servers on one port, each on an address of its own, as the agent of this kind of system names them. */
async function twoServers(t: TestContext): Promise<number> {
  const port = await freePort('127.0.0.2')
  for (const host of ['127.0.0.2', '127.0.0.3']) {
    await serve(
      t,
      (request, response) => {
        response.setHeader('content-type', 'text/css')
        response.end(`${host} ${request.url}`)
      },
      { host, port },
    )
  }
  return port
}

test('the five variables and nothing else make a gateway', async (t) => {
  const targetPort = await twoServers(t)
  const agent = await AgentServer.listen(t, [item('127.0.0.2', 80), item('127.0.0.3', 40)])
  const port = await freePort()
  const command = headgate(t, [], {
    cwd: await folderWith(t, {}),
    env: {
      HOST_PORT_HTTP_BALANCER: String(port),
      HOST_PORT_WS_DEPLOYMENT_AGENT: String(agent.port),
      TARGET_PORT: String(targetPort),
      CACHE_CAPACITY: '100',
      REQUEST_TIMEOUT: '5',
      DEPLOYMENT_AGENT_HOST: '127.0.0.1',
    },
  })
  const { config } = await command.logged('headgate serves')
  assert.equal(config, 'the environment')
  await command.logged('discovery changed the servers')

  const origin = `http://127.0.0.1:${port}`
  assert.equal((await fetch(`${origin}/readyz`)).status, 200)
  const seen = new Set<string>()
  for (let count = 0; count < 200 && seen.size < 2; count++) {
    seen.add((await (await fetch(`${origin}/page`)).text()).split(' ')[0] as string)
  }
  assert.deepEqual([...seen].sort(), ['127.0.0.2', '127.0.0.3'])

  const asset = async () => fetch(`${origin}/site.css`)
  await (await asset()).text()
  assert.match((await asset()).headers.get('cache-status') ?? '', /^headgate; hit/)

  agent.send([item('127.0.0.2', 80, 'SUNDOWN'), item('127.0.0.3', 40)])
  await command.logged('discovery changed the servers', 2)
  for (let count = 0; count < 20; count++) {
    assert.match(await (await fetch(`${origin}/page`)).text(), /^127\.0\.0\.3 /)
  }
})

test('a missing and a malformed variable are named, both of them', async (t) => {
  const command = headgate(t, [], {
    cwd: await folderWith(t, {}),
    env: { HOST_PORT_HTTP_BALANCER: 'eighty', TARGET_PORT: '5000' },
  })
  assert.equal(await command.exit(), 1)
  assert.match(command.stderr, /HOST_PORT_HTTP_BALANCER: found "eighty"/)
  assert.match(command.stderr, /HOST_PORT_WS_DEPLOYMENT_AGENT: found nothing/)
})
