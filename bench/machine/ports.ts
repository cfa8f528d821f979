import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves once somebody accepts connections on a port of loopback; false after the time limit. */
export async function isListening(port: number, withinMs: number, isGivenUp = () => false): Promise<boolean> {
  const end = performance.now() + withinMs
  while (performance.now() < end && !isGivenUp()) {
    if (await accepts(port)) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
