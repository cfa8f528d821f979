import type { Finding, Path } from '../faults.ts'
import { isAllZero, type Sound, type SoundUpstream } from './sound.ts'

/** What the schema cannot say about upstreams: keys that need, or exclude, each other. */
export function* checkUpstreams({ upstreams = {} }: Sound, written: Sound): Generator<Finding> {
  for (const [name, upstream] of Object.entries(upstreams)) {
    if (typeof upstream !== 'object') continue
    const at = ['upstreams', name]
    yield* checkSource(written.upstreams?.[name] ?? upstream, at)
    yield* checkServers(upstream, at)
    yield* checkDiscovery(upstream, at)
    yield* checkHash(upstream, at)
    yield* checkConnections(upstream, at)
    yield* checkTls(upstream, at)
  }
}

/** Judged by what was written, since a source with a fault of its own is there all the same. */
function* checkSource({ servers, discovery }: SoundUpstream, at: Path): Generator<Finding> {
  if (servers !== undefined && discovery !== undefined) {
    yield { at, found: 'both servers and discovery', expected: 'one of the two' }
  }
  if (servers === undefined && discovery === undefined) {
    yield {
      at,
      found: 'neither servers nor discovery',
      expected: 'one of the two, such as servers: [{ url: "http://10.0.0.5:3000" }]',
    }
  }
}

function* checkServers({ servers = [] }: SoundUpstream, at: Path): Generator<Finding> {
  const seen = new Map<string, number>()
  for (const [index, server] of servers.entries()) {
    if (server?.url === undefined) continue
    const { protocol, hostname, port } = new URL(server.url)
    const address = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
    const earlier = seen.get(address)
    if (earlier === undefined) seen.set(address, index)
    else {
      const found = `${JSON.stringify(server.url)}, the same server as servers[${earlier}]`
      yield { at: [...at, 'servers', index, 'url'], found, expected: 'each server once' }
    }
  }
  if (isAllZero(servers)) {
    yield {
      at: [...at, 'servers'],
      found: 'no weight above 0',
      expected: 'at least one server with a weight above 0',
    }
  }
}

function* checkDiscovery({ discovery }: SoundUpstream, at: Path): Generator<Finding> {
  if (discovery?.kind !== 'dns' || discovery.name === undefined || discovery.port !== undefined) return
  const isService = discovery.record === undefined && discovery.name.startsWith('_')
  if (isService || discovery.record === 'srv') return
  const expected = 'the port of the servers, since only srv records name one'
  yield { at: [...at, 'discovery', 'port'], found: 'nothing', expected }
}

function* checkHash({ balance }: SoundUpstream, at: Path): Generator<Finding> {
  const hash = balance?.hash
  if (hash === undefined) return
  const place = [...at, 'balance', 'hash']
  if (balance?.algorithm !== undefined && balance.algorithm !== 'hash') {
    const found = `a section beside algorithm: ${balance.algorithm}`
    yield { at: place, found, expected: 'balance.algorithm to be hash, or no such section' }
  }
  const hasName = hash.by === 'header' || hash.by === 'cookie'
  if (hasName && hash.name === undefined) {
    yield { at: [...place, 'name'], found: 'nothing', expected: `the name of the ${hash.by}` }
  }
  if (hash.by !== undefined && !hasName && hash.name !== undefined) {
    const found = JSON.stringify(hash.name)
    yield { at: [...place, 'name'], found, expected: `no name, since by is ${hash.by}` }
  }
}

function* checkConnections({ connections }: SoundUpstream, at: Path): Generator<Finding> {
  const { minIdle, max } = connections ?? {}
  if (minIdle === undefined || max === undefined || minIdle <= max) return
  const expected = `no more than connections.max, which is ${max}`
  yield { at: [...at, 'connections', 'minIdle'], found: String(minIdle), expected }
}

function* checkTls({ tls }: SoundUpstream, at: Path): Generator<Finding> {
  if (tls?.cert !== undefined && tls.key === undefined) {
    yield {
      at: [...at, 'tls', 'key'],
      found: 'nothing',
      expected: 'the file with the private key of tls.cert',
    }
  }
  if (tls?.key !== undefined && tls.cert === undefined) {
    yield {
      at: [...at, 'tls', 'cert'],
      found: 'nothing',
      expected: 'the file with the certificate of tls.key',
    }
  }
}
