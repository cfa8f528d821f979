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

/** Those that are compared in how they part from connections. */
export const recyclers: readonly Gateway[] = [
  nginx({ name: 'nginx, keepalive_time' }),
  haproxy({ name: 'haproxy' }),
  caddy({ name: 'caddy' }),
  headgate({ name: 'headgate' }),
  nodePeer({ package: 'undici', name: 'undici Pool', script: 'undici-pool.mjs' }),
  nodePeer({ package: 'undici', name: 'undici Pool, clientTtl', script: 'undici-pool.mjs', knowsAge: true }),
  nodePeer({ package: 'undici', name: 'node http.Agent', script: 'http-agent.mjs' }),
]

/** Those that are compared in how they choose servers. */
export const balancers: readonly Gateway[] = [
  nginx({ name: 'nginx, weighted' }),
  nginx({ name: 'nginx, least_conn', balance: 'least_conn;' }),
  nginx({ name: 'nginx, random two', balance: 'random two least_conn;' }),
  haproxy({ name: 'haproxy, leastconn', balance: 'leastconn', slotFactor: 2 }),
  caddy({ name: 'caddy, least_conn', policy: { policy: 'least_conn' } }),
  caddy({ name: 'caddy, random_choose', policy: { policy: 'random_choose', choose: 2 } }),
  headgate({ name: 'headgate, adaptive', slotFactor: 2 }),
]
