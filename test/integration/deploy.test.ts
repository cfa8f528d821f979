import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, lstatSync, readFileSync } from 'node:fs'
import { chmod, cp } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import { resolveConfig } from '../../src/config/resolve.ts'
import { parseDuration } from '../../src/config/units.ts'
import { folderWith } from '../helpers/command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8')
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

// biome-ignore lint/suspicious/noExplicitAny: the manifests are looked at here and nowhere else.
type Manifest = any

let manifests: Record<string, Manifest>

before(() => {
  const documents = parseAllDocuments(read('deploy/kubernetes/headgate.yaml'))
  manifests = Object.fromEntries(documents.map((document) => [document.toJS().kind, document.toJS()]))
})

test('the manifests are of known kinds and versions, with one name and one label', () => {
  const versions = Object.values(manifests).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)
  assert.deepEqual(versions, [
    'v1 ConfigMap',
    'apps/v1 Deployment',
    'v1 Service',
    'autoscaling/v2 HorizontalPodAutoscaler',
    'policy/v1 PodDisruptionBudget',
  ])
  const label = { 'app.kubernetes.io/name': 'headgate' }
  for (const { metadata } of Object.values(manifests)) {
    assert.equal(metadata.name, 'headgate')
    assert.deepEqual(metadata.labels, label)
  }
  const { Deployment, Service, PodDisruptionBudget, HorizontalPodAutoscaler } = manifests
  assert.deepEqual(Deployment.spec.selector.matchLabels, label)
  assert.deepEqual(Deployment.spec.template.metadata.labels, label)
  assert.deepEqual(Service.spec.selector, label)
  assert.deepEqual(PodDisruptionBudget.spec.selector.matchLabels, label)
  assert.equal(HorizontalPodAutoscaler.spec.scaleTargetRef.name, Deployment.metadata.name)
  assert.equal(Deployment.spec.replicas, undefined, 'the autoscaler says how many')
})

test('the configuration of the pods is valid, and they listen where the manifests look', () => {
  const { ConfigMap, Deployment, Service } = manifests
  const [file, text] = Object.entries(ConfigMap.data)[0] as [string, string]
  const { server, admin } = resolveConfig(parse(text))
  const { spec, metadata } = Deployment.spec.template
  const [container] = spec.containers
  const ports = Object.fromEntries(
    container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
      name,
      containerPort,
    ]),
  )
  assert.deepEqual(ports, { http: server.port, admin: admin?.port })
  assert.equal(metadata.annotations['prometheus.io/port'], String(admin?.port))
  assert.equal(Service.spec.ports[0].targetPort, 'http')
  assert.deepEqual(container.args, ['start', '--config', `/etc/headgate/${file}`, '--watch'])
  assert.equal(container.volumeMounts[0].mountPath, '/etc/headgate')
  assert.equal(spec.volumes[0].configMap.name, ConfigMap.metadata.name)
  assert.equal(container.readinessProbe.httpGet.path, '/readyz')
  for (const probe of [container.startupProbe, container.livenessProbe])
    assert.equal(probe.httpGet.path, '/healthz')
})

test('a pod has the time to drain, and no rights', () => {
  const { ConfigMap, Deployment } = manifests
  const { server } = resolveConfig(parse(Object.values(ConfigMap.data)[0] as string))
  const { spec } = Deployment.spec.template
  const [container] = spec.containers
  const needed = container.lifecycle.preStop.sleep.seconds + (server.drainPause + server.shutdownGrace) / 1000
  assert.ok(spec.terminationGracePeriodSeconds >= needed + 5, `${needed} s and some to close`)
  const seen = container.readinessProbe.periodSeconds * container.readinessProbe.failureThreshold
  assert.ok(server.drainPause >= seen * 1000, 'the pause is long enough to be seen')
  assert.equal(spec.securityContext.runAsNonRoot, true)
  assert.equal(spec.automountServiceAccountToken, false)
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  assert.equal(Deployment.spec.strategy.rollingUpdate.maxUnavailable, 0)
})

test('the unit of systemd waits for the drain', () => {
  const unit = read('deploy/systemd/headgate.service')
  const [, stop] = /^TimeoutStopSec=(.+)$/m.exec(unit) ?? []
  const { server } = resolveConfig({
    upstreams: { app: { servers: [{ url: 'http://a' }] } },
    routes: [{ upstream: 'app' }],
  })
  assert.ok((parseDuration(stop) ?? 0) >= server.shutdownGrace + server.drainPause + 5_000, String(stop))
  assert.match(unit, /^NotifyAccess=all$/m)
})

test('systemd-analyze finds nothing wrong with the units', {
  skip: !has('systemd-analyze') && 'there is none',
}, async (t) => {
  const folder = await folderWith(t, {
    // The program is not installed here.
    'headgate.service': read('deploy/systemd/headgate.service').replace('/usr/bin/headgate', '/bin/true'),
  })
  await cp(`${root}deploy/systemd/headgate.socket`, join(folder, 'headgate.socket'))
  const files = ['headgate.service', 'headgate.socket'].map((name) => join(folder, name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' })
  // notify-reload is known from systemd 253 on.
  const said = stderr
    .split('\n')
    .filter((line) => line.includes('headgate') && !line.includes('notify-reload'))
  assert.deepEqual(said, [])
  assert.equal(status, 0)
})

/** Bytes of what the image gets of `node_modules`: the packages that are no development dependencies. */
function productionBytes(): number {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean }>
  }
  const folders = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  return folders.reduce((sum, [path]) => {
    // A package inside of another is listed for itself.
    const files = globSync('**/*', { cwd: root + path, exclude: (name) => name === 'node_modules' })
    return sum + files.reduce((bytes, file) => bytes + lstatSync(join(root, path, file)).size, 0)
  }, 0)
}

const canMakeRoot = process.getuid?.() === 0 && has('strip') && has('ldd') && has('chroot')

test('the root of the image runs Node as a user without rights, and is small', {
  skip: !canMakeRoot && 'needs root and binutils',
}, async (t) => {
  const folder = await folderWith(t, {})
  const made = spawnSync('sh', [`${root}deploy/make-root.sh`, folder, process.execPath], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
  await chmod(folder, 0o755)
  const code =
    'const { createServer } = require("http"); createServer().listen(0, "127.0.0.1", () => { console.log(process.version, process.getuid()); process.exit() })'
  const { stdout, stderr } = spawnSync(
    'chroot',
    ['--userspec=1000:1000', folder, '/usr/local/bin/node', '-e', code],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  )
  assert.equal(stdout, `${process.version} 1000\n`, String(stderr))

  const bytes = globSync('**/*', { cwd: folder }).reduce(
    (sum, file) => sum + lstatSync(join(folder, file)).size,
    0,
  )
  const megabytes = (bytes + productionBytes()) / 1e6
  t.diagnostic(`about ${Math.round(megabytes)} MB, beside dist/`)
  assert.ok(megabytes < 195, String(megabytes))
})

test('the image runs as nobody, and everything that its stages copy is there', () => {
  const dockerfile = read('Dockerfile')
  assert.match(dockerfile, /^USER 1000:1000$/m)
  for (const [, files] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const file of files?.split(' ') ?? []) assert.ok(lstatSync(root + file), file)
  }
})
