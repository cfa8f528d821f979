import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Gateway } from './gateway.ts'

export const peersFolder = fileURLToPath(new URL('../peers', import.meta.url))

export interface NodePeerOptions {
  /** The name of the package that it is made of. */
  package: string
  /** Its script in `bench/peers`, which gets port and server, and perhaps an age, as arguments. */
  script: string
  /** Where its package is installed. Default: the folder of the peers. */
  folder?: string
  /** Default: that of the package. */
  name?: string
  /** Given to the script where the setup asks for an age. */
  knowsAge?: boolean
}

/** A gateway of somebody else's that runs on Node, in as few lines as its own documentation shows. */
export function nodePeer(options: NodePeerOptions): Gateway {
  const { package: name, script, folder = peersFolder, knowsAge = false } = options
  return {
    name: options.name ?? name,
    canCache: false,
    version: () => versionIn(join(folder, 'node_modules', name, 'package.json')),
    launch({ port, origins: [origin], maxAge }) {
      const age = knowsAge && maxAge !== undefined ? [String(maxAge)] : []
      const target = `http://${origin?.host}:${origin?.port}`
      return { command: process.execPath, args: [join(peersFolder, script), String(port), target, ...age] }
    },
  }
}

function versionIn(file: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  } catch {
    return undefined
  }
}
