import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from './site.ts'
import { Slots } from './slots.ts'

export interface SampleServerOptions {
  name: string
  /** What it is painted with, as CSS writes colors. */
  color: string
  /** Requests that it works on at one time; further ones wait. */
  slots: number
  /** Milliseconds of work for one request. */
  workMs: number
  site: Site
}

/** A real server of known capacity: `slots` requests in `workMs`, and no more. It says who it is. */
export class SampleServer {
  readonly name: string
  readonly #options: SampleServerOptions
  readonly #slots: Slots
  readonly #server: Server

  private constructor(options: SampleServerOptions) {
    this.name = options.name
    this.#options = options
    this.#slots = new Slots(options.slots)
    this.#server = createServer((request, response) => void this.#serve(request, response))
    // Longer than the gateway keeps idle connections: who closes first never meets a request halfway.
    this.#server.keepAliveTimeout = 75_000
  }

  static async listen(options: SampleServerOptions): Promise<SampleServer> {
    const sample = new SampleServer(options)
    sample.#server.listen(0, '127.0.0.1')
    await once(sample.#server, 'listening')
    return sample
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#slots.use(() => delay(this.#options.workMs))
    const { name, color, slots, site } = this.#options
    const path = (request.url ?? '/').split('?', 1)[0] as string
    response.setHeader('x-served-by', name)
    if (path === '/') {
      const values: Record<string, string> = { server: name, color, slots: String(slots) }
      const html = site.page.replaceAll(/\{\{(\w+)\}\}/g, (_match, key: string) => values[key] ?? '')
      return send(response, 200, { 'content-type': 'text/html; charset=utf-8' }, html)
    }
    if (path === '/api/whoami') {
      const body = JSON.stringify({ server: name, color, slots, working: this.#slots.used })
      return send(response, 200, { 'content-type': 'application/json' }, body)
    }
    const asset = site.assets.get(path)
    if (asset === undefined) return send(response, 404, { 'content-type': 'text/plain' }, 'Not found\n')
    if (request.headers['if-none-match'] === asset.headers.etag) return send(response, 304, asset.headers, '')
    return send(response, 200, asset.headers, asset.body)
  }
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
