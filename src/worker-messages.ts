import type { UpstreamHealth } from '../plugins/health.ts'
import type { Purge } from './cache/second-tier.ts'
import type { Config } from './config/schema.ts'
import type { HandedSources } from './discovery/handed.ts'
import type { Cut } from './lifecycle.ts'
import type { MetricSamples } from './metrics/merge.ts'
import type { ConfigReport } from './reload-record.ts'
import type { GatewayEvent } from './view/event-feed.ts'
import type { Action, ActionResult } from './view/fleet.ts'
import type { GatewaySnapshot } from './view/snapshot.ts'
import type { Handlers } from './workers/channel.ts'

/*
 * What the primary and its workers say to one another. Everything is plain data.
 */

/** A configuration for one worker, which has its part of what is limited as a whole. */
export interface HandedConfig {
  config: Config
  /** The options of plugins hold what cannot be sent, functions say: the worker reads them itself. */
  readsPlugins: boolean
}

export interface StartOrder extends HandedConfig {
  /** For its lines in the log. */
  worker: number
  /** Folder that plugins are found from. */
  folder: string
  sources: HandedSources
  /** A socket of the primary that listens already, a descriptor; in the place of the address. */
  socket: number | undefined
  /** What was done by hand before it was there. */
  standing: Action[]
  /** What all seal session tickets with. */
  ticketKeys: Buffer
}

export interface Address {
  address: string
  family: string
  port: number
}

/** How all processes fare together. */
export interface FleetHealth {
  uptime: number
  upstreams: Readonly<Record<string, UpstreamHealth>>
  config: ConfigReport
  workers: { serving: number; configured: number }
}

/** What the primary asks of a worker. */
export type WorkerQuestions = {
  /** Answered once it serves. */
  start: { ask: StartOrder; answer: Address[] }
  /** Answered once it is in force. */
  reload: { ask: HandedConfig; answer: undefined }
  /** Answered once nothing is in flight. `isReplaced`: others go on serving, so that it takes no more connections. */
  drain: { ask: { isReplaced: boolean }; answer: Cut }
  metrics: { ask: undefined; answer: MetricSamples[] }
  health: { ask: undefined; answer: Record<string, UpstreamHealth> }
  snapshot: { ask: undefined; answer: GatewaySnapshot }
  perform: { ask: Action; answer: ActionResult }
  /** Answered at once, by whoever still turns. */
  pulse: { ask: undefined; answer: undefined }
}

/** What the primary tells a worker. */
export type WorkerNotes = {
  sources: HandedSources
  ticketKeys: Buffer
  /** Another worker has purged this. */
  purged: Purge
  /** Whether anybody wants to hear of what happens. */
  heard: boolean
  /** It has drained, and may end. */
  leave: undefined
}

/** What a worker asks of the primary. */
export type PrimaryQuestions = {
  metrics: { ask: undefined; answer: string }
  health: { ask: undefined; answer: FleetHealth }
}

/** What a worker tells the primary. */
export type PrimaryNotes = {
  purged: Purge
  event: GatewayEvent
  /** It has met an error that nobody had foreseen, and serves on only until another one does in its place. */
  failing: { reason: string }
}

export type WorkerHandlers = Handlers<WorkerQuestions, WorkerNotes>
export type PrimaryHandlers = Handlers<PrimaryQuestions, PrimaryNotes>
