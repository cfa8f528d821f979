import { join } from 'node:path'
import type { Gateway } from './gateway.ts'
import { peersFolder } from './node-peer.ts'

/*
 * What Node takes where nothing is done. These are no gateways, and stand beside them so that it can be told how much of
 * a figure is Node's own.
 */

function floor(name: string, script: string, canCache: boolean): Gateway {
  return {
    name,
    canCache,
    version: () => process.versions.node,
    launch({ port, origins: [origin] }) {
      const target = `http://${origin?.host}:${origin?.port}`
      return { command: process.execPath, args: [join(peersFolder, script), String(port), target] }
    },
  }
}

/** Passes bytes on between two sockets, one for each client, and knows nothing of HTTP. */
export const bareRelay = floor('(node:net passing bytes on)', 'net-relay.mjs', false)

/** Answers everything with the same 10 KB. */
export const bareAnswer = floor('(node:http answering)', 'http-answer.mjs', true)
