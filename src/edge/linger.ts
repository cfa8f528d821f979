import type { Socket } from 'node:net'

/** How long a client that is still sending may go on, ms, and how much of it is read, bytes. */
const lingerMs = 5000
const lingerBytes = 64 * 1024 * 1024

const lingering = Symbol('headgate.lingering')

declare module 'node:net' {
  interface Socket {
    [lingering]?: boolean
  }
}

/**
 * Makes every end that Node gives a connection a lingering one (RFC 9112, section 9.6): our side is closed once
 * everything is written, and what the client still sends is read and dropped for a bounded while. A close with unread
 * bytes would be a reset, which can take the response away from a client that has not read it yet.
 */
export function lingerOnClose(socket: Socket): void {
  socket.destroySoon = lingerSoon
}

function lingerSoon(this: Socket): void {
  linger(this)
}

/** True for a connection on which nothing is understood any more. */
export function isLingering(socket: Socket): boolean {
  return socket[lingering] === true
}

/** Ends a connection that way now, with some last bytes. */
export function linger(socket: Socket, last?: string): void {
  if (socket.destroyed || isLingering(socket)) return
  socket[lingering] = true
  // What else arrives is for nobody: the parser must not take it for a request.
  socket.removeAllListeners('data')
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
  else socket.end(last, 'latin1')
  socket.resume()
}
