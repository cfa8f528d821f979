import type { ServerSpec } from '../balance/server.ts'
import { printable } from './events.ts'
import { normalizeHost, serverName } from './host.ts'
import { arrayItems, isArrayText } from './json-array.ts'
import type { Servers } from './servers.ts'
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
  /** In the order of the list. Of two with one name the last wins. */
  servers: Servers
  fault?: ListFault
  /** How many items were skipped. */
  skipped: number
  /** The first few of them, each with what is wrong with it. */
  faults: string[]
}

/** Gives the server that an item names, or what is wrong with the item. */
type ParseItem = (item: unknown) => ServerSpec | string

/** A list of more bytes is not parsed. */
export const maxListBytes = 4 * 1024 * 1024
/** A list of more items is ignored. */
export const maxListItems = 10_000

const maxFaults = 5
const categories = ['INIT', 'LU', 'MU', 'HU', 'SUNDOWN'] as const

/** Items that are read at a time. */
const itemsPerTurn = 128

/** Reads one frame of the agent, a turn of the event loop at a time. Never throws, whatever the frame holds. */
export function* readFrame(
  frame: Buffer,
  isBinary: boolean,
  defaults: ServerDefaults,
): Generator<undefined, ParsedList> {
  if (isBinary) return ignored('binary')
  if (frame.length > maxListBytes) return ignored('too_large')
  const list = new ListReader((item) => parseAgentItem(item, defaults))
  try {
    if (!isArrayText(frame)) {
      JSON.parse(frame.toString())
      return ignored('not_list')
    }
    for (const items of arrayItems(frame, itemsPerTurn)) {
      if (list.items > 0) yield
      list.read(items)
      if (list.isTooLong) break
    }
  } catch {
    return ignored('not_json')
  }
  if (list.items > itemsPerTurn) yield
  return list.end()
}

/** Reads a list item by item; `parseItem` gives a server, or what is wrong with the item. */
export function parseList(value: unknown, parseItem: ParseItem): ParsedList {
  if (!Array.isArray(value)) return ignored('not_list')
  const list = new ListReader(parseItem)
  list.read(value)
  return list.end()
}

/** What is read of a list, as it comes. */
class ListReader {
  /** So many items have been read. */
  items = 0
  readonly #servers = new Map<string, ServerSpec>()
  #skipped = 0
  readonly #faults: string[] = []
  readonly #parseItem: ParseItem

  constructor(parseItem: ParseItem) {
    this.#parseItem = parseItem
  }

  get isTooLong(): boolean {
    return this.items > maxListItems
  }

  read(items: readonly unknown[]): void {
    const before = this.items
    this.items += items.length
    if (this.isTooLong) return
    for (const [index, item] of items.entries()) {
      const parsed = this.#parseItem(item)
      if (typeof parsed === 'string') this.#skip(`${nameOf(item, before + index)}: ${parsed}`)
      else this.#servers.set(parsed.name, Object.freeze(parsed))
    }
  }

  end(): ParsedList {
    if (this.isTooLong) return ignored('too_many')
    const list: ParsedList = { servers: this.#servers, skipped: this.#skipped, faults: this.#faults }
    if (this.#servers.size === 0 && this.#skipped > 0) list.fault = 'no_valid_item'
    return list
  }

  #skip(fault: string): void {
    this.#skipped++
    if (this.#faults.length < maxFaults) this.#faults.push(fault)
  }
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
  return { servers: new Map(), fault, skipped: 0, faults: [] }
}

function nameOf(item: unknown, index: number): string {
  const name = isRecord(item) ? (own(item, 'dns_name') ?? own(item, 'url')) : undefined
  return typeof name === 'string' ? printable(name) : `item ${index}`
}
