import type { ServerSpec } from '../balance/server.ts'
import { printable } from './events.ts'
import { normalizeHost, serverName } from './host.ts'
import type { ServerDefaults } from './source.ts'

/** An item of the agent's list, as it goes over the wire. */
export interface AgentItem {
  /** A host name or an IP address. */
  dns_name: string
  /** 0 to 100; higher is better. */
  score: number
  /** `SUNDOWN`: no new requests, the running ones finish. */
  utilization_category: UtilizationCategory
  /** 1 to 65535. @default the one that the gateway's configuration gives */
  port?: number
  /** @default 'http' */
  protocol?: 'http' | 'https'
}

export type UtilizationCategory = (typeof categories)[number]

/** Why a list is ignored as a whole. */
export type ListFault = 'binary' | 'too_large' | 'not_json' | 'not_list' | 'too_many' | 'no_valid_item'

/** What is left of a list. With a `fault` there are no servers, and the list is to be ignored. */
export interface ParsedList {
  /** In the order of the list, not yet unique. */
  servers: ServerSpec[]
  fault?: ListFault
  /** How many items were skipped. */
  skipped: number
  /** The first few of them, each with what is wrong with it. */
  faults: string[]
}

/** A list of more bytes is not parsed. */
export const maxListBytes = 4 * 1024 * 1024
/** A list of more items is ignored. */
export const maxListItems = 10_000

const maxFaults = 5
const categories = ['INIT', 'LU', 'MU', 'HU', 'SUNDOWN'] as const

/** Reads one frame of the agent. Never throws, whatever the frame holds. */
export function parseFrame(frame: Buffer, isBinary: boolean, defaults: ServerDefaults): ParsedList {
  if (isBinary) return ignored('binary')
  if (frame.length > maxListBytes) return ignored('too_large')
  let value: unknown
  try {
    value = JSON.parse(frame.toString())
  } catch {
    return ignored('not_json')
  }
  return parseList(value, (item) => parseAgentItem(item, defaults))
}

/** Reads a list item by item; `parseItem` gives a server, or what is wrong with the item. */
export function parseList(value: unknown, parseItem: (item: unknown) => ServerSpec | string): ParsedList {
  if (!Array.isArray(value)) return ignored('not_list')
  if (value.length > maxListItems) return ignored('too_many')
  const list: ParsedList = { servers: [], skipped: 0, faults: [] }
  for (const [index, item] of value.entries()) {
    const parsed = parseItem(item)
    if (typeof parsed !== 'string') {
      list.servers.push(parsed)
      continue
    }
    list.skipped++
    if (list.faults.length < maxFaults) list.faults.push(`${nameOf(item, index)}: ${parsed}`)
  }
  if (list.servers.length === 0 && list.skipped > 0) list.fault = 'no_valid_item'
  return list
}

/** The server that a complete item names, or what is wrong with the item. */
export function parseAgentItem(item: unknown, defaults: ServerDefaults): ServerSpec | string {
  if (!isRecord(item)) return 'is not an object'
  const name = own(item, 'dns_name')
  const host = typeof name === 'string' ? normalizeHost(name) : undefined
  if (host === undefined) return 'dns_name must be a host name or an IP address'
  const score = own(item, 'score')
  if (typeof score !== 'number' || !(score >= 0 && score <= 100))
    return 'score must be a number from 0 to 100'
  const category = own(item, 'utilization_category')
  if (!categories.includes(category as UtilizationCategory)) {
    return `utilization_category must be one of ${categories.join(', ')}`
  }
  const port = own(item, 'port') ?? defaults.port
  if (!isPort(port)) return 'port must be a whole number from 1 to 65535'
  const protocol = own(item, 'protocol') ?? defaults.protocol ?? 'http'
  if (protocol !== 'http' && protocol !== 'https') return 'protocol must be http or https'
  return {
    name: serverName(host, port),
    protocol: `${protocol}:`,
    host,
    port,
    weight: score === 0 ? 0 : score,
    draining: category === 'SUNDOWN',
  }
}

export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535
}

/** A field of the object itself: what its prototype holds is nobody's message. Null counts as absent. */
export function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? ((object as Record<string, unknown>)[key] ?? undefined) : undefined
}

export function ignored(fault: ListFault): ParsedList {
  return { servers: [], fault, skipped: 0, faults: [] }
}

function nameOf(item: unknown, index: number): string {
  const name = isRecord(item) ? (own(item, 'dns_name') ?? own(item, 'url')) : undefined
  return typeof name === 'string' ? printable(name) : `item ${index}`
}
