import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isLingering } from './linger.ts'

/** Requests of one connection that may wait for their turn before no more of it is read. */
const maxWaiting = 16

const waiting = Symbol('headgate.pipelined')

declare module 'node:net' {
  interface Socket {
    [waiting]?: number
  }
}

/**
 * Takes the requests of one connection one after the other: those that a client sends ahead may change what the
 * others see (RFC 9112, section 9.3.2), and behind a refusal nothing must be carried out any more.
 */
export function inTurn(
  request: IncomingMessage,
  response: ServerResponse,
  take: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  const { socket } = request
  // Node's parser goes on to the end of what it has, though the response before this one was the last.
  if (isLingering(socket)) return
  // Node gives a response its socket when those before it are written.
  if (response.socket !== null) return take(request, response)
  change(socket, +1)
  response.once('socket', () => {
    change(socket, -1)
    take(request, response)
  })
}

function change(socket: Socket, by: number): void {
  const before = socket[waiting] ?? 0
  socket[waiting] = before + by
  if (before + by > maxWaiting) socket.pause()
  else if (before > maxWaiting) socket.resume()
}
