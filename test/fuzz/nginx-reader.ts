import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asOwner } from '../../bench/gateways/nginx.ts'
import { pathOf } from '../../bench/machine/installed.ts'
import { connect, sendRaw } from '../helpers/raw-client.ts'
import { freePort } from '../helpers/raw-gateway.ts'
import { RawServer, type SeenRequest } from '../helpers/raw-server.ts'

/** Whether nginx is there to be asked. */
export function hasNginx(): boolean {
  return pathOf('nginx') !== undefined
}

/** nginx as a reader of requests: what it passes on is what it has understood. */
export class NginxReader {
  readonly #behind: RawServer
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #port: number

  private constructor(behind: RawServer, child: ChildProcess, folder: string, port: number) {
    this.#behind = behind
    this.#process = child
    this.#folder = folder
    this.#port = port
  }

  static async start(): Promise<NginxReader> {
    const behind = await new RawServer().listen()
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'headgate-fuzz-'))
    mkdirSync(join(folder, 'temp'))
    writeFileSync(join(folder, 'nginx.conf'), configuration(port, behind.port))
    const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']
    const child = spawn(pathOf('nginx') as string, args, { stdio: 'ignore' })
    const reader = new NginxReader(behind, child, folder, port)
    while (!(await canConnect(port))) {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`)
    }
    return reader
  }

  /** What nginx makes of these bytes, and the statuses that it answers with. */
  async read(bytes: string, count: number): Promise<{ requests: SeenRequest[]; statuses: number[] }> {
    this.#behind.requests.length = 0
    const isAnswered = (text: string) => (text.match(/^HTTP\/1\.1 [2-5]/gm) ?? []).length >= count
    const { statuses } = await sendRaw(this.#port, bytes, {
      quietMs: 2,
      patienceMs: 1000,
      until: isAnswered,
    })
    return { requests: [...this.#behind.requests], statuses }
  }

  async close(): Promise<void> {
    const isGone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGTERM')
    await isGone
    rmSync(this.#folder, { recursive: true, force: true })
    await this.#behind.close()
  }
}

async function canConnect(port: number): Promise<boolean> {
  try {
    const socket = await connect(port)
    socket.destroy()
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return false
  }
}

function configuration(port: number, behind: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
${asOwner}
worker_processes 1;
pid nginx.pid;
events { worker_connections 1000; }
http {
  access_log off;
  ${temp.map((name) => `${name}_temp_path temp/${name};`).join(' ')}
  underscores_in_headers on;
  ignore_invalid_headers off;
  merge_slashes off;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}
`
}
