import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { Command, headgate } from '../helpers/command.ts'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))

/** Runs an example that serves, and gives its address. */
async function run(t: TestContext, name: string): Promise<string> {
  const command = new Command(t, [`${folder}${name}.ts`], { env: { PORT: '0' } })
  if (name === 'worker') {
    await command.printed('listens on port')
    return `http://127.0.0.1:${/listens on port (\d+)/.exec(command.stdout)?.[1]}`
  }
  await command.printed('Server listening at ')
  return /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(command.stdout)?.[1] as string
}

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>
}

const examples: Record<string, (t: TestContext) => Promise<void>> = {
  async gateway(t) {
    const url = await run(t, 'gateway')
    const answer = await fetch(`${url}/any`)
    assert.match(((await answer.json()) as { via: string }).via, /1\.1 headgate/)
    assert.ok(answer.headers.has('x-ratelimit-limit'))
    assert.deepEqual(await json(`${url}/hello`), { hello: 'from the gateway itself' })
  },

  async discovery(t) {
    const url = await run(t, 'discovery')
    let answer = await json(`${url}/servers`)
    while (answer.state === 'waiting') answer = await json(`${url}/servers`)
    assert.equal(answer.state, 'fresh')
    assert.deepEqual(answer.servers, ['127.0.0.1:3001 (3)', '127.0.0.1:3002 (1)'])
  },

  async balance(t) {
    const url = await run(t, 'balance')
    const served: Record<string, number> = { large: 0, small: 0 }
    for (let count = 0; count < 40; count++) {
      const { server } = await json(url)
      served[server as string]!++
    }
    assert.deepEqual(served, { large: 30, small: 10 })
  },

  async forward(t) {
    const url = await run(t, 'forward')
    const answer = await fetch(`${url}/api/it?x=1`, {
      method: 'POST',
      body: 'not JSON',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(answer.headers.get('via'), '1.1 headgate')
    assert.deepEqual(await answer.json(), { server: 'the only one', url: '/api/it?x=1', via: '1.1 headgate' })
  },

  async cache(t) {
    const url = `${await run(t, 'cache')}/report`
    const together = await Promise.all([1, 2, 3].map(async () => (await fetch(url)).text()))
    assert.deepEqual(together, Array(3).fill('report number 1\n'))
    const later = await fetch(url)
    assert.equal(await later.text(), 'report number 1\n')
    assert.match(later.headers.get('cache-status') ?? '', /^headgate; hit; ttl=/)
    assert.ok(later.headers.has('age'))
  },

  async health(t) {
    const url = await run(t, 'health')
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    const before = await fetch(`${url}/readyz`)
    assert.equal(before.status, 503)
    assert.deepEqual(((await before.json()) as { missing: string[] }).missing, ['database'])
    await fetch(`${url}/warm`, { method: 'POST' })
    assert.equal((await fetch(`${url}/readyz`)).status, 200)
  },

  async metrics(t) {
    const url = await run(t, 'metrics')
    await (await fetch(`${url}/jobs/mail`, { method: 'POST' })).text()
    const text = await (await fetch(`${url}/metrics`)).text()
    assert.match(text, /^jobs_total\{kind="mail"\} 1$/m)
    assert.match(text, /^headgate_requests_total\{route="\/jobs\/mail",method="POST",status="200"\} 1$/m)
    assert.match(text, /^process_cpu_seconds_total /m)
  },

  async agent(t) {
    const url = await run(t, 'agent')
    const client = new WebSocket(`${url.replace('http', 'ws')}/ws`)
    t.after(() => client.terminate())
    const [first] = await once(client, 'message')
    assert.equal(JSON.parse(String(first)).length, 2)
    await fetch(`${url}/servers/worker-2/sundown`, { method: 'POST' })
    for (;;) {
      const [frame] = await once(client, 'message')
      if (JSON.parse(String(frame))[1].utilization_category === 'SUNDOWN') break
    }
  },

  async 'recycling-pool'(t) {
    const command = new Command(t, [`${folder}recycling-pool.ts`])
    assert.equal(await command.exit(), 0, command.stderr)
    assert.match(command.stdout, /^requests per connection: 5, 5, 2$/m)
  },

  async worker(t) {
    const answer = await fetch(await run(t, 'worker'))
    assert.match(await answer.text(), new RegExp(`made by <strong>${answer.headers.get('x-served-by')}<`))
  },
}

for (const [name, prove] of Object.entries(examples)) {
  test(`examples/${name}.ts does what it says`, prove)
}

test('examples/headgate.yaml is a valid configuration', async (t) => {
  const command = headgate(t, ['check', '--config', `${folder}headgate.yaml`])
  assert.equal(await command.exit(), 0, command.stderr)
})

test('no example is left out', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && file !== 'sample-server.ts')
  assert.deepEqual(
    files.sort(),
    Object.keys(examples)
      .map((name) => `${name}.ts`)
      .sort(),
  )
})
