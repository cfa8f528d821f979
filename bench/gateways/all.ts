import { caddy } from './caddy.ts'
import type { Gateway } from './gateway.ts'
import { haproxy } from './haproxy.ts'
import { headgate } from './headgate.ts'
import { nginx } from './nginx.ts'
import { nodePeer } from './node-peer.ts'

/** Those that run on Node, in as few lines as their own documentation shows. */
export const nodePeers: readonly Gateway[] = [
  nodePeer({ package: 'fast-gateway', script: 'fast-gateway.mjs' }),
  nodePeer({ package: '@fastify/reply-from', script: 'fastify-reply-from.mjs' }),
  nodePeer({ package: '@fastify/http-proxy', script: 'fastify-http-proxy.mjs' }),
  nodePeer({ package: 'httpxy', script: 'httpxy.mjs' }),
  nodePeer({ package: 'http-proxy-3', script: 'http-proxy-3.mjs' }),
]

/** Every gateway that forwards, each as it comes. */
export const gateways: readonly Gateway[] = [
  nginx({ name: 'nginx' }),
  nginx({ name: 'nginx, no log', hasAccessLog: false }),
  haproxy({ name: 'haproxy' }),
  caddy({ name: 'caddy' }),
  headgate({ name: 'headgate' }),
  headgate({ name: 'headgate, no log', hasAccessLog: false }),
  ...nodePeers,
]

/** Those that keep responses. */
export const caches: readonly Gateway[] = gateways.filter(({ canCache }) => canCache)
