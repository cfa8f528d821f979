import { Agent, get } from 'node:http'

export interface LoadReport {
  requests: number
  /** What went wrong, in words; empty where nothing did. */
  failures: string[]
  /** Answers by the value of a field that the caller names. */
  by: Map<string | undefined, number>
}

interface LoadOptions {
  perSecond?: number
  /** Keep connections for further requests. Default: each request has a connection of its own. */
  keepAlive?: boolean
  /** A field of responses to count by. */
  field?: string
}

/** Requests at a steady rate, whatever becomes of them, until it is stopped. */
export class SteadyLoad {
  readonly #url: string
  readonly #agent: Agent
  readonly #report: LoadReport = { requests: 0, failures: [], by: new Map() }
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  readonly #field: string

  constructor(url: string, { perSecond = 300, keepAlive = false, field = '' }: LoadOptions = {}) {
    this.#url = url
    this.#field = field
    this.#agent = new Agent({ keepAlive, maxSockets: keepAlive ? 16 : Number.POSITIVE_INFINITY })
    const startedAt = performance.now()
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
      while (this.#report.requests < due) this.#send()
    }, 5)
  }

  get requests(): number {
    return this.#report.requests
  }

  get inFlight(): number {
    return this.#running.size
  }

  /** Answers so far with this value of the field. */
  answeredBy(value: string): number {
    return this.#report.by.get(value) ?? 0
  }

  /** Sends no more, and resolves once everything has ended. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    this.#agent.destroy()
    return this.#report
  }

  #send(): void {
    const number = ++this.#report.requests
    const done = this.#ask().catch((error: Error) => {
      this.#report.failures.push(`request ${number}: ${error.message}`)
    })
    this.#running.add(done)
    void done.then(() => this.#running.delete(done))
  }

  #ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = get(this.#url, { agent: this.#agent, timeout: 5_000 }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text) => {
          body += text
        })
        response.on('error', reject)
        response.on('end', () => {
          const value = response.headers[this.#field]?.toString()
          this.#report.by.set(value, (this.#report.by.get(value) ?? 0) + 1)
          if (response.statusCode === 200) resolve()
          else reject(new Error(`${response.statusCode} ${body}`))
        })
      })
      request.on('timeout', () => request.destroy(new Error('no answer within 5 s')))
      request.on('error', reject)
    })
  }
}
