/*
 * A process of its own: so many clients, each on a connection of its own, ask for one URL at once.
 *
 *     node crowd.ts PORT PATH COUNT     tells its parent when all have asked, and then how many had which outcome
 */
import { once } from 'node:events'
import net from 'node:net'

const [, , port, path, count] = process.argv as [string, string, string, string, string]

/** Connections that are being made at a time: fewer than a listener's backlog. */
const handshakes = 200

async function connect(): Promise<net.Socket> {
  const socket = net.connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

async function read(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('latin1')
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  const isWhole = body.length === Number(/content-length: (\d+)/i.exec(text)?.[1])
  const ids = text.match(/^x-request-id: /gim)?.length
  return `${text.slice(9, 12)}, ${isWhole ? 'whole' : 'broken'}, ${ids} id`
}

const sockets: net.Socket[] = []
while (sockets.length < Number(count)) {
  sockets.push(...(await Promise.all(Array.from({ length: handshakes }, connect))))
}
const answers = sockets.map(read)
for (const socket of sockets)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: crowd.test\r\nConnection: close\r\n\r\n`)
process.send?.('asked')

const outcomes: Record<string, number> = {}
for (const answer of await Promise.all(answers)) outcomes[answer] = (outcomes[answer] ?? 0) + 1
process.send?.(outcomes)
process.disconnect?.()
