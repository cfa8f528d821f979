import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { WebSocket } from 'ws'

const bodyBytes = 10_240
const assets = 500
const answerWithinMs = 10_000
/** Messages of one WebSocket. */
const messages = 5

/** What clients do, and how many of a hundred do it. */
const mix: readonly [share: number, kind: keyof Clients][] = [
  [40, 'get'],
  [15, 'post'],
  [30, 'asset'],
  [10, 'leave'],
  [5, 'talk'],
]

/** Clients of all kinds, at a steady rate. What one of them does not get, is an error. */
export class MixedLoad {
  requests = 0
  /** What went wrong, the first few of it in words. */
  errors = 0
  readonly complaints: string[] = []
  readonly #clients: Clients
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout

  constructor(url: string, perSecond: number) {
    this.#clients = new Clients(url)
    this.#timer = setInterval(() => this.#send(), 1000 / perSecond)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    this.#clients.close()
  }

  #send(): void {
    const number = this.requests++ % 100
    let below = 0
    const [, kind] = mix.find(([share]) => {
      below += share
      // 37 and 100 have no factor in common: kinds take turns.
      return (number * 37) % 100 < below
    }) as [number, 'get']
    const done = this.#clients[kind]().catch((error: Error) => {
      this.errors++
      if (this.complaints.length < 10) this.complaints.push(`${kind}: ${error.message}`)
    })
    this.#running.add(done)
    void done.then(() => this.#running.delete(done))
  }
}

class Clients {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 5_000 })

  constructor(url: string) {
    this.#url = url
  }

  async get(): Promise<void> {
    await this.#ask('/page')
  }

  async asset(): Promise<void> {
    await this.#ask(`/assets/${Math.floor(Math.random() * assets)}.css`)
  }

  async post(): Promise<void> {
    const got = await this.#ask('/form', 'x'.repeat(bodyBytes))
    if (got !== String(bodyBytes)) throw new Error(`the server got ${got} bytes`)
  }

  /** Leaves before the answer comes. */
  async leave(): Promise<void> {
    const asked = request(`${this.#url}/slow`, { agent: false })
    asked.on('error', () => {})
    asked.end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    asked.destroy()
  }

  async talk(): Promise<void> {
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/talk`, {
      handshakeTimeout: answerWithinMs,
    })
    await once(socket, 'open')
    for (let count = 0; count < messages; count++) {
      socket.send(String(count))
      const [echo] = await once(socket, 'message', { signal: AbortSignal.timeout(answerWithinMs) })
      if (String(echo) !== String(count)) throw new Error(`echo ${echo} of ${count}`)
    }
    socket.close()
    await once(socket, 'close', { signal: AbortSignal.timeout(answerWithinMs) })
  }

  close(): void {
    this.#agent.destroy()
  }

  async #ask(path: string, body?: string): Promise<string> {
    const asked = request(this.#url + path, {
      agent: this.#agent,
      method: body === undefined ? 'GET' : 'POST',
      signal: AbortSignal.timeout(answerWithinMs),
    })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text.slice(0, 200)}`)
    return text
  }
}
