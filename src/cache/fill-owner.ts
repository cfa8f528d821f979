import type { Clock } from '../clock.ts'
import type { ResponseHead } from '../forward/sink.ts'
import type { CacheResult, Forwarded } from './cache-status.ts'
import type { Answer, Entry } from './entry.ts'
import type { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'
import type { CacheRequest } from './key.ts'
import type { Representation } from './selection.ts'
import type { Policy } from './storage.ts'

/** What becomes of a response, decided when its head is there. */
export type Decision =
  /** It is shared and stored. `shared` is what others than the first client get of the head. */
  | {
      kind: 'store'
      policy: Policy
      head: ResponseHead
      own: ResponseHead
      shared: Representation
      prefix?: Buffer
    }
  /** It is for the first client alone. */
  | { kind: 'pass'; own: ResponseHead; prefix?: Buffer }
  /** A stored response answers in its place, to all or to the first client alone. */
  | { kind: 'serve'; isShared: boolean; answer(client: FillClient): Answer; result: CacheResult }
  /** It answers nobody: everybody asks again. */
  | { kind: 'detour' }

/** The cache behind a fill. */
export interface FillOwner {
  decide(fill: Fill, head: ResponseHead): Decision
  /** What answers when no response comes, or undefined. */
  rescue(fill: Fill): Decision | undefined
  finish(fill: Fill, policy: Policy, head: ResponseHead, body: Buffer): void
  /** Nobody can join any more. */
  onClosed(fill: Fill): void
  /** It turned out larger than `maxEntryBytes`. */
  onTooLarge(fill: Fill): void
  onServed(client: FillClient): void
  /** The client asks again; `alone` where it must not wait for anybody. */
  onDetour(client: FillClient, alone: boolean): void
}

/** What the request asks of the server: a response, whether `stored` is still right, or the rest of `stored`. */
export type FillPurpose = 'response' | 'validation' | 'completion'

export interface FillOptions {
  key: string
  request: CacheRequest
  forwarded: Forwarded
  /** The stored response that is validated, completed, or may be used when the server fails. */
  stored: Entry | undefined
  /** Others may join. */
  isShared: boolean
  /** Nobody waits for it: it revalidates while a stale response is served. */
  isBackground: boolean
  purpose: FillPurpose
  /** The names that the resource is known to vary by. */
  vary: readonly string[] | undefined
  maxEntryBytes: number
  waitTimeout: number
  clock: Clock
}
