import type { Socket } from 'node:net'
import { maxHeaderBytes, type ProxiedAddresses, readProxyHeader } from './proxy-header.ts'

const addressFields = ['remoteAddress', 'remotePort', 'localAddress', 'localPort'] as const

/**
 * Reads the header of the PROXY protocol from a new connection, and leaves the connection as if it had begun behind
 * it. One without such a header, or that takes too long to send it, is not for anybody.
 *
 * @param timeoutMs 0 = no limit
 */
export function readProxied(
  socket: Socket,
  timeoutMs: number,
  done: (result: { addresses: ProxiedAddresses | undefined } | { fault: string }) => void,
): void {
  let bytes = Buffer.alloc(0)
  const timer =
    timeoutMs > 0 ? setTimeout(() => finish({ fault: 'it did not come in time' }), timeoutMs) : undefined
  function finish(result: { addresses: ProxiedAddresses | undefined } | { fault: string }): void {
    clearTimeout(timer)
    socket.off('readable', read).off('close', leave)
    done(result)
  }
  function leave(): void {
    finish({ fault: 'the connection was closed before it' })
  }
  function read(): void {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= maxHeaderBytes) break
    }
    const reading = readProxyHeader(bytes)
    if (reading === 'more') return
    if ('fault' in reading) return finish(reading)
    if (bytes.length > reading.length) socket.unshift(bytes.subarray(reading.length))
    finish(reading)
  }
  socket.on('readable', read).once('close', leave)
}

/** Makes a connection tell these addresses as its own. */
export function assumeAddresses(socket: Socket, addresses: ProxiedAddresses): void {
  for (const field of addressFields) Object.defineProperty(socket, field, { value: addresses[field] })
}
