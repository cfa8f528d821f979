/*
 * A process of its own: two processes share a port in one way, and answer with which of them it was.
 *
 *   node bench/sharing/server.ts round-robin|shared|reuse-port PORT
 */
import cluster from 'node:cluster'
import { createServer } from 'node:http'

const [, , way, port] = process.argv as [string, string, string, string]
const processes = 2

if (cluster.isPrimary) {
  cluster.schedulingPolicy = way === 'round-robin' ? cluster.SCHED_RR : cluster.SCHED_NONE
  const pids: number[] = []
  cluster.on('message', (_worker, pid: number) => {
    if (pids.push(pid) === processes) process.send?.(pids)
  })
  for (let count = 0; count < processes; count++) cluster.fork()
  process.on('disconnect', () => process.exit())
} else {
  const body = String(process.pid)
  const server = createServer((_request, response) => response.end(body))
  server.listen({
    host: '127.0.0.1',
    port: Number(port),
    reusePort: way === 'reuse-port',
    backlog: 4096,
  })
  server.on('listening', () => process.send?.(process.pid))
}
