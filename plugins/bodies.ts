import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fp from 'fastify-plugin'
import { BodyWatch } from '../src/forward/body-watch.ts'
import { hasBody } from '../src/forward/message.ts'
import { Sweep } from '../src/forward/sweep.ts'

export interface BodiesOptions {
  /** Read at each request: time for a body, ms, and 1 s more for every 500 bytes received; 0 = no limit. */
  settings: () => { bodyTimeout: number }
  /** Watches the deadlines. Default: one of the plugin's own. */
  sweep?: Sweep
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route forwards its requests, which bounds their bodies in a better way. */
    isForwarded?: boolean
  }
}

/** Bounds the time of request bodies that the application's own routes read; Fastify bounds only their size. */
async function bodiesPlugin(
  app: FastifyInstance,
  { settings, sweep = new Sweep() }: BodiesOptions,
): Promise<void> {
  function watch(
    { raw }: FastifyRequest,
    _reply: FastifyReply,
    _payload: unknown,
    done: HookHandlerDoneFunction,
  ): void {
    if (hasBody(raw)) new BodyWatch(raw, settings().bodyTimeout, sweep)
    done()
  }
  app.addHook('onRoute', (route) => {
    if (route.config?.isForwarded !== true) route.preParsing = [watch, route.preParsing ?? []].flat()
  })
}

export default fp(bodiesPlugin, { fastify: '5.x', name: 'headgate-bodies' })
