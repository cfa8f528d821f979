import * as http from 'node:http'
import * as https from 'node:https'

const tickMs = 20

export interface LoadClient {
  /** Resolves with the status, or with what went wrong. @param url asked for before each try */
  ask(url: () => string): Promise<string>
  close(): void
}

/** A client with a few connections of HTTP/1.1 that are kept. It sends nothing twice. */
export class H1Connections implements LoadClient {
  readonly #options = { keepAlive: true, maxSockets: 16, scheduling: 'fifo' } as const
  readonly #plain = new http.Agent(this.#options)
  readonly #secure = new https.Agent({ ...this.#options, rejectUnauthorized: false })

  ask(url: () => string): Promise<string> {
    const target = url()
    const [get, agent] = target.startsWith('https:') ? [https.get, this.#secure] : [http.get, this.#plain]
    return new Promise((resolve) => {
      get(target, { agent }, (response) => {
        response.resume()
        response.on('end', () => resolve(String(response.statusCode)))
        response.on('error', (error) => resolve(error.message))
      }).on('error', (error) => resolve(error.message))
    })
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }
}

/** Sends requests at a steady rate to whatever gateway `origin` names then, over connections that are kept. */
export class KeptLoad {
  readonly results = new Map<string, number>()
  readonly #client: LoadClient
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(client: LoadClient, origin: () => string, perSecond: number) {
    this.#client = client
    const begun = performance.now()
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begun) / 1000) * perSecond
      while (this.#sent < due) {
        const path = `/${this.#sent++}`
        this.#send(() => origin() + path)
      }
    }, tickMs)
  }

  get sent(): number {
    return this.#sent
  }

  /** Resolves when so many more requests have been sent. */
  async more(count: number): Promise<void> {
    const goal = this.#sent + count
    while (this.#sent < goal) await new Promise((resolve) => setTimeout(resolve, tickMs))
  }

  /** Resolves when all that have been sent until now are answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#running)
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.answered()
    this.#client.close()
  }

  #send(url: () => string): void {
    const sent = this.#client.ask(url).then((result) => {
      this.results.set(result, (this.results.get(result) ?? 0) + 1)
      this.#running.delete(sent)
    })
    this.#running.add(sent)
  }
}
