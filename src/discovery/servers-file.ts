import { extname } from 'node:path'
import { parse as parseYaml } from 'yaml'
import type { ServerSpec } from '../balance/server.ts'
import {
  type AgentItem,
  isRecord,
  maxListBytes,
  own,
  type ParsedList,
  parseAgentItem,
  parseList,
} from './agent-protocol.ts'
import { normalizeHost, serverName } from './host.ts'
import type { ServerDefaults } from './source.ts'
import { readText } from './watched-file.ts'

/** A server of a list that is written by hand. */
export interface ServerEntry {
  /** `http://` or `https://`, a host, and a port unless it is the scheme's own. */
  url: string
  /** 0 and above. @default 1 */
  weight?: number
}

/** The value that a file's text stands for: YAML by its name, else JSON. Throws where it is neither. */
export function parseText(text: string, path: string): unknown {
  const isYaml = ['.yaml', '.yml'].includes(extname(path))
  return isYaml ? parseYaml(text, { logLevel: 'error' }) : JSON.parse(text)
}

/** Reads a list of `{ url, weight }`, of the agent's items, or of both. */
export function parseServers(value: unknown, defaults: ServerDefaults): ParsedList {
  return parseList(value, (item) => {
    const isEntry = isRecord(item) && own(item, 'url') !== undefined
    return isEntry ? parseEntry(item) : parseAgentItem(item, defaults)
  })
}

/** The server that an entry names, or what is wrong with the entry. */
export function parseEntry(entry: object): ServerSpec | string {
  const text = own(entry, 'url')
  const url = typeof text === 'string' ? URL.parse(text) : null
  const protocol = url?.protocol
  if (url === null || (protocol !== 'http:' && protocol !== 'https:'))
    return 'url must begin with http:// or https://'
  const host = normalizeHost(url.hostname)
  if (host === undefined) return 'url must name a host or an IP address'
  if (url.pathname !== '/' || url.search + url.hash + url.username + url.password !== '') {
    return 'url must hold nothing but scheme, host and port'
  }
  const weight = own(entry, 'weight') ?? 1
  if (typeof weight !== 'number' || !(weight >= 0) || weight === Number.POSITIVE_INFINITY) {
    return 'weight must be a number from 0 on'
  }
  const port = url.port === '' ? (protocol === 'http:' ? 80 : 443) : Number(url.port)
  if (port === 0) return 'port must be a whole number from 1 to 65535'
  return {
    name: serverName(host, port),
    protocol: protocol as 'http:' | 'https:',
    host,
    port,
    weight,
    draining: false,
  }
}

/** The agent's items that a file holds, as they are to be sent. Rejects, with every fault, where one is incomplete. */
export async function readServersFile(path: string): Promise<AgentItem[]> {
  return parseAgentItems(await readText(path, maxListBytes), path)
}

/** As `readServersFile`, from a text. An item needs no port here: the gateway may know it. */
export function parseAgentItems(text: string, path: string): AgentItem[] {
  const value = parseText(text, path)
  const { fault, skipped, faults } = parseList(value, (item) => parseAgentItem(item, { port: 1 }))
  if (skipped > 0) throw new Error(`${path}: ${faults.join('; ')}`)
  if (fault !== undefined) throw new Error(`${path}: not a list of servers (${fault})`)
  return value as AgentItem[]
}
