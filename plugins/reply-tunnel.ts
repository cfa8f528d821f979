import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Upgrade } from '../src/edge/upgrade.ts'
import type { ExchangeOptions } from '../src/forward/exchange.ts'
import type { Sweep } from '../src/forward/sweep.ts'
import { Tunnel } from '../src/forward/tunnel.ts'
import { addReplyHeaders } from './reply-hooks.ts'

export interface ReplyTunnelOptions {
  sweep: Sweep
  /** Where it is noted while it is open. */
  tunnels: Set<Tunnel>
  /** The tunnel is ended at this age, ms. Default 0 = never. */
  maxAge: number | undefined
}

/** Joins the client's connection with that of the server, which has agreed to another protocol. */
export function tunnelOpener(
  reply: FastifyReply,
  client: Upgrade,
  { sweep, tunnels, maxAge }: ReplyTunnelOptions,
): ExchangeOptions['openTunnel'] {
  return (head, server, protocol, closed) => {
    addReplyHeaders(reply, head)
    head.headers.push('Via', '1.1 headgate', 'X-Request-Id', reply.request.id)
    reply.hijack()
    const onClose = () => {
      tunnels.delete(tunnel)
      closed()
      client.finish()
    }
    const tunnel = new Tunnel({ client, server: server as Socket, head, protocol, sweep, maxAge, onClose })
    tunnels.add(tunnel)
  }
}
