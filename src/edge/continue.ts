import type { IncomingMessage, ServerResponse } from 'node:http'

const waiting = Symbol('headgate.waiting')

declare module 'node:http' {
  interface IncomingMessage {
    [waiting]?: boolean
  }
}

/** True where nothing else is expected (RFC 9110, section 10.1.1). */
export function expectsContinueAlone({ headers }: IncomingMessage): boolean {
  return headers.expect?.trim().toLowerCase() === '100-continue'
}

/** Notes that a client holds its body back until it reads `100 Continue`; whoever begins to read asks for it. */
export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  request[waiting] = true
  request.once('resume', () => sendContinue(request, response))
}

/** True while the client has not been asked for its body yet. */
function isWaiting(request: IncomingMessage): boolean {
  return request[waiting] === true
}

/** Asks the client for its body, if it waits to be asked (RFC 9110, section 10.1.1). */
function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  if (request[waiting] !== true) return
  request[waiting] = false
  if (!response.headersSent && !response.destroyed) response.writeContinue()
}

/** What asks a client for its body, where it waits to be asked. */
export function continuer(request: IncomingMessage, response: ServerResponse): (() => void) | undefined {
  return isWaiting(request) ? () => sendContinue(request, response) : undefined
}
