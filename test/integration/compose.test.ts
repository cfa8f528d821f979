import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { readEnvironment } from '../../src/config/environment.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { readServersFile } from '../../src/discovery/servers-file.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFile(`${root}${file}`, 'utf8')

interface Service {
  build: { context: string; target: string }
  profiles?: string[]
  volumes?: string[]
  environment: Record<string, string>
  command?: string[]
  ports?: string[]
}

async function services({ profile }: { profile?: string } = {}): Promise<Record<string, Service>> {
  const all: Record<string, Service> = parse(await read('docker-compose.yml')).services
  return Object.fromEntries(Object.entries(all).filter(([, { profiles }]) => profiles?.[0] === profile))
}

test('docker-compose.yml runs the gateway from the environment alone', async () => {
  const { gateway } = await services()
  const { server, upstreams, cache } = resolveConfig(readEnvironment(gateway?.environment ?? {}))
  assert.deepEqual(gateway?.ports, [`${server.port}:${server.port}`])
  assert.equal(cache.maxEntries, 1000)
  const { discovery } = upstreams.app ?? {}
  assert.equal(discovery?.kind === 'agent' && discovery.url, 'ws://deployment-agent:2547/ws')
})

test('its agent announces the three workers, which listen where the gateway looks for them', async () => {
  const { gateway, 'deployment-agent': agent, ...workers } = await services()
  assert.ok(agent?.command?.includes(gateway?.environment.HOST_PORT_WS_DEPLOYMENT_AGENT ?? ''))
  const announced = await readServersFile(`${root}deploy/servers.yaml`)
  assert.deepEqual(
    announced.map(({ dns_name: name }) => name),
    Object.keys(workers),
  )
  for (const { environment } of Object.values(workers)) {
    assert.equal(environment.PORT, gateway?.environment.TARGET_PORT)
  }
  const slots = Object.values(workers).map(({ environment }) => environment.SLOTS)
  assert.equal(new Set(slots).size, 3)
})

test('every image that it builds is a stage of the Dockerfile', async () => {
  const stages = Array.from((await read('Dockerfile')).matchAll(/^FROM \S+ AS (\S+)$/gm), ([, name]) => name)
  for (const { build } of Object.values(await services())) assert.ok(stages.includes(build.target))
})

test('a profile adds Prometheus and Grafana, with what the repository has for them', async () => {
  const { prometheus, grafana, ...others } = await services({ profile: 'monitoring' })
  assert.deepEqual(others, {})
  for (const volume of [...(prometheus?.volumes ?? []), ...(grafana?.volumes ?? [])]) {
    assert.ok(existsSync(`${root}${volume.split(':')[0]}`), volume)
  }
  const { scrape_configs: jobs } = parse(await read('deploy/prometheus/prometheus.yaml'))
  assert.deepEqual(jobs[0].static_configs[0].targets, ['gateway:8080'])
})

const hasCompose = spawnSync('docker-compose', ['--version']).status === 0

test('docker-compose accepts it', { skip: hasCompose ? false : 'docker-compose is not installed' }, () => {
  const { status, stderr } = spawnSync('docker-compose', ['--profile', 'monitoring', 'config', '--quiet'], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
})
