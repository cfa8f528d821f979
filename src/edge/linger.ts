import type { Socket } from 'node:net'

/** How long a client that is still sending may go on, ms, and how much of it is read, bytes. */
const lingerMs = 1000
const lingerBytes = 1024 * 1024

/**
 * Makes the end of a connection a lingering one (RFC 9112, section 9.6): our side is closed once everything is
 * written, and what the client still sends is read and dropped for a bounded while. A close with unread bytes would
 * be a reset, which can take the response away from a client that has not read it yet.
 */
export function lingerOnClose(socket: Socket): void {
  socket.destroySoon = () => linger(socket)
}

/** Ends a connection that way now, with some last bytes. */
export function linger(socket: Socket, last?: string): void {
  if (socket.destroyed) return
  let dropped = 0
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length
    if (dropped > lingerBytes) socket.destroy()
  })
  socket.once('end', () => socket.destroy())
  if (last === undefined) socket.end()
  else socket.end(last)
  socket.resume()
}
