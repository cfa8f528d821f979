import type { IncomingMessage, ServerResponse } from 'node:http'

const waiting = new WeakSet<IncomingMessage>()

/** Notes that a client holds its body back until it reads `100 Continue`. */
export function expectContinue(request: IncomingMessage): void {
  waiting.add(request)
}

/** Asks the client for its body, if it waits to be asked (RFC 9110, section 10.1.1). */
export function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request) && !response.headersSent) response.writeContinue()
}
