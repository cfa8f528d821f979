import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createClient, RESP_TYPES } from '@redis/client'

const binary = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)

/** Why a test that needs a real server cannot run here, or false. */
export const withoutRedis: string | false =
  binary === undefined ? 'neither redis-server nor valkey-server is installed' : false

/** A real Redis or Valkey server on a free port of loopback, which the test's end stops. Nothing is saved to disk. */
export class RedisServer {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'headgate-redis-'))
  #process: ChildProcess | undefined

  private constructor(port: number) {
    this.port = port
  }

  static async start(t: TestContext): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    t.after(() => server.#end())
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, for the first time or again, with nothing in it. */
  async start(): Promise<void> {
    const settings = { port: this.port, bind: '127.0.0.1', dir: this.#folder, save: '', appendonly: 'no' }
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(binary as string, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      if (String(chunk).includes('eady to accept connections')) break
    }
    child.stdout.resume()
  }

  /** Stops it from doing anything, while its connections stay open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined) return
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** The keys of the records that gateways keep here. */
  records(): Promise<string[]> {
    return this.#ask(async (client) => {
      const keys = await client.keys('headgate:*')
      return keys.filter((key) => key !== 'headgate:purges').sort()
    })
  }

  async alter(key: string, change: (record: Buffer) => Buffer): Promise<void> {
    await this.#ask(async (client) => {
      const record = await client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(key)
      await client.set(key, change(record as Buffer))
    })
  }

  async #ask<Result>(question: (client: ReturnType<typeof newClient>) => Promise<Result>): Promise<Result> {
    const client = newClient(this.url)
    await client.connect()
    try {
      return await question(client)
    } finally {
      client.destroy()
    }
  }

  async #end(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function newClient(url: string) {
  return createClient({ url })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
