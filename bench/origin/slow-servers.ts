import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * Servers that work by sleeping, in one process. Each has some slots; a request takes one for as long as its query says
 * (`?work=20.5`, ms), and waits its turn, first come, first served, where all are taken.
 *
 *   node bench/origin/slow-servers.ts COUNT SLOTS
 *
 * It says which ports they have. Messages of the form `{ "server": 0, "factor": 10 }` change one of them.
 */

export interface Behaviour {
  /** Requests take this many times as long. */
  factor: number
  /** Every request is answered 500 after 1 ms. */
  isFailing: boolean
}

export type BehaviourChange = { server: number } & Partial<Behaviour>

const failsAfterMs = 1
const [count, slots] = process.argv.slice(2).map(Number) as [number, number]

class SlowServer {
  readonly behaviour: Behaviour = { factor: 1, isFailing: false }
  readonly #waiting: (() => void)[] = []
  #busy = 0

  readonly serve: RequestListener = (request, response) => {
    if (this.behaviour.isFailing) {
      setTimeout(() => response.writeHead(500).end('broken'), failsAfterMs)
      return
    }
    const work = Number(/[?&]work=([\d.]+)/.exec(request.url ?? '')?.[1] ?? 0)
    const begin = () => {
      this.#busy++
      setTimeout(() => {
        response.end('ok')
        this.#busy--
        this.#waiting.shift()?.()
      }, work * this.behaviour.factor)
    }
    if (this.#busy < slots) begin()
    else this.#waiting.push(begin)
  }
}

const servers = Array.from({ length: count }, () => new SlowServer())
const ports = await Promise.all(
  servers.map(async ({ serve }) => {
    const server = createServer({ keepAliveTimeout: 120_000 }, serve)
    await new Promise<void>((resolve) =>
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve),
    )
    return (server.address() as AddressInfo).port
  }),
)

process.on('message', ({ server, ...change }: BehaviourChange) => {
  Object.assign(servers[server]?.behaviour ?? {}, change)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ports })
