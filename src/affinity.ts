import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReserveContext } from './balance/reservation.ts'
import type { UpstreamConfig } from './config/schema.ts'

/** Which server a client goes back to: by a key of its request, or by the cookie that it was given. */
export interface Affinity {
  /** Adds to a reservation what of the request it depends on. */
  apply(request: FastifyRequest, context: ReserveContext): void
  /** Gives the client the cookie of its server, unless it has it already. */
  remember?: (request: FastifyRequest, reply: FastifyReply, serverName: string) => void
}

/** The affinity of an upstream; undefined where every server is as good as any other. */
export function affinityOf({ algorithm, hash, sticky }: UpstreamConfig['balance']): Affinity | undefined {
  const keyOf = algorithm === 'hash' ? keyReader(hash) : undefined
  if (sticky === undefined) {
    if (keyOf === undefined) return undefined
    return {
      apply(request, context) {
        context.hashKey = keyOf(request)
      },
    }
  }
  const { cookie, maxAge } = sticky
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${maxAge === undefined ? '' : `; Max-Age=${Math.round(maxAge / 1000)}`}`
  return {
    apply(request, context) {
      context.hashKey = keyOf?.(request)
      context.sticky = cookieOf(request, cookie)
    },
    remember(request, reply, serverName) {
      if (cookieOf(request, cookie) === serverName) return
      const secure = request.protocol === 'https' ? '; Secure' : ''
      reply.header('set-cookie', `${cookie}=${serverName}${attributes}${secure}`)
    },
  }
}

function keyReader(hash: UpstreamConfig['balance']['hash']): (request: FastifyRequest) => string | undefined {
  const { by, name = '' } = hash ?? { by: 'address' }
  switch (by) {
    case 'header': {
      const field = name.toLowerCase()
      return ({ headers }) => headers[field]?.toString()
    }
    case 'cookie':
      return (request) => cookieOf(request, name)
    case 'path':
      return ({ raw }) => raw.url?.split('?', 1)[0]
    default:
      return ({ ip }) => ip
  }
}

/** The value of a cookie (RFC 6265, section 5.4), the first of that name. */
function cookieOf({ headers }: FastifyRequest, name: string): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}
