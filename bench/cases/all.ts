import { balancing } from './balancing.ts'
import type { Case } from './case.ts'
import { download } from './download.ts'
import { get } from './get.ts'
import { growth } from './growth.ts'
import { hit } from './hit.ts'
import { http2 } from './http2.ts'
import { idle } from './idle.ts'
import { post } from './post.ts'
import { recycling } from './recycling.ts'
import { tail } from './tail.ts'
import { workers } from './workers.ts'

/** Every case, in the order of the report. */
export const cases: readonly Case[] = [
  get,
  http2,
  hit,
  post,
  download,
  tail,
  idle,
  growth,
  workers,
  recycling,
  balancing,
]

/** Those of a first look, and the gateways in it. */
export const quickCases: readonly string[] = ['get', 'hit', 'post']
export const quickGateways: readonly string[] = ['nginx', 'haproxy', 'headgate', 'fast-gateway']
