import type { IncomingMessage } from 'node:http'

const original = Symbol('headgate.target')

declare module 'node:http' {
  interface IncomingMessage {
    [original]?: string
  }
}

/**
 * Gives a request a URL that a router can decode. Escapes that are not UTF-8 (`/caf%E9`) are as good as any other to
 * a server, but routers give up at them: they see such an escape escaped once more.
 *
 * @param target path and query, with well-formed escapes in the path
 */
export function makeRoutable(request: IncomingMessage, target: string): void {
  request.url = target
  if (!/%[89a-f]/i.test(target)) return
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  if (isDecodable(path)) return
  request[original] = target
  request.url = path.replace(/(?:%[89a-f][0-9a-f])+/gi, escapeAgain) + target.slice(path.length)
}

/** The target of a request as its server gets it. */
export function targetOf(request: IncomingMessage): string {
  return request[original] ?? (request.url as string)
}

function escapeAgain(escapes: string): string {
  return isDecodable(escapes) ? escapes : escapes.replaceAll('%', '%25')
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
