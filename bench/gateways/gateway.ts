/** A server that gateways send requests to. */
export interface Origin {
  host: string
  port: number
  /** Requests that it works on at one time; what has weights or limits is told. Default: nobody knows. */
  slots?: number
  /** Default true. False: it is not in the gateway's list yet. */
  isListed?: boolean
}

/** What a gateway is started for. */
export interface Setup {
  port: number
  /** A port for the gateway's own administration, where it needs one. */
  adminPort: number
  /** A folder of its own, for its configuration and whatever it writes. */
  folder: string
  origins: readonly Origin[]
  /** Serve HTTPS with HTTP/2, with these files. Default: plain HTTP/1.1. */
  tls?: { cert: string; key: string }
  /** Keep cacheable responses. */
  cache?: boolean
  /** Connections to servers live no longer than this, ms, where the gateway can do so. Default: as it comes. */
  maxAge?: number
  /** Prefixes to route, all to the same servers. Default: `/` alone. */
  routes?: readonly string[]
  /** Entries of the cache. */
  cacheEntries?: number
}

export interface Launch {
  command: string
  args: readonly string[]
  env?: Record<string, string>
}

/** One program, in one way of using it, that the bench puts between load and servers. */
export interface Gateway {
  /** Unique: the label of its rows. */
  readonly name: string
  /** The name of the gateway that stands for 1 in ratios: nginx, with the same amount of logging. */
  readonly baseline?: string
  readonly canCache: boolean
  /** Undefined where it is not installed. */
  version(): string | undefined
  /** Writes its configuration, and says how it is started. */
  launch(setup: Setup): Launch
  /** Takes up a changed list of servers while it serves. */
  relist?(setup: Setup, signal: (name: NodeJS.Signals) => void): Promise<void> | void
}
