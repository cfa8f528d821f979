import { createServer, type RequestListener } from 'node:http'
import { createServer as createBalancer, type Socket } from 'node:net'

/*
 * Machines behind one address. A balancer hands each new connection to the next machine in turn, as balancers of
 * connections do; a request takes a while on its machine.
 *
 *   node bench/origin/machines.ts PORT MACHINES WORK_MS
 *
 * Messages: `{ "machines": 4 }` is how many there are from now on; `{ "ask": "counts" }` is answered with what each
 * has served and been given since the question before.
 */

const [port, machines, workMs] = process.argv.slice(2).map(Number) as [number, number, number]

export interface MachineCounts {
  /** Requests begun, by machine. */
  requests: number[]
  /** New connections, by machine. */
  connections: number[]
  /** Connections that are open, by machine. */
  open: number[]
}

const most = 16
const zeros = () => new Array<number>(most).fill(0)
const open = zeros()
let requests = zeros()
let connections = zeros()
let count = machines
let turn = 0

function machine(index: number) {
  const serve: RequestListener = (_request, response) => {
    requests[index] = (requests[index] as number) + 1
    setTimeout(() => response.end('ok'), workMs)
  }
  return createServer({ keepAliveTimeout: 120_000 }, serve)
}

const all = Array.from({ length: most }, (_, index) => machine(index))

createBalancer((socket: Socket) => {
  const index = turn++ % count
  connections[index] = (connections[index] as number) + 1
  open[index] = (open[index] as number) + 1
  socket.setNoDelay()
  socket.once('close', () => {
    open[index] = (open[index] as number) - 1
  })
  all[index]?.emit('connection', socket)
}).listen({ port, host: '127.0.0.1', backlog: 1024 }, () => process.send?.({ isReady: true }))

process.on('message', (message: { machines?: number; ask?: string }) => {
  if (message.machines !== undefined) count = message.machines
  if (message.ask !== 'counts') return
  const counts: MachineCounts = {
    requests: requests.slice(0, count),
    connections: connections.slice(0, count),
    open: open.slice(0, count),
  }
  requests = zeros()
  connections = zeros()
  process.send?.(counts)
})
process.on('disconnect', () => process.exit(0))
