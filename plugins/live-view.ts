import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { systemClock } from '../src/clock.ts'
import type { EventLog } from '../src/view/event-log.ts'
import type { Fleet } from '../src/view/fleet.ts'
import { LiveStream } from '../src/view/live-stream.ts'

export interface LiveViewOptions {
  fleet: Pick<Fleet, 'snapshot' | 'onEvent'>
  events: EventLog
  /** @default '/api/stream' */
  path?: string
  /** @default 32 */
  maxViewers?: number
}

/** There is no room; come again later (the registry of WebSocket close codes). */
const tryAgainLater = 1013
/** A viewer has nothing to say. */
const policyViolation = 1008

/**
 * A WebSocket that shows the gateway live: `{"snapshot": {...}, "events": [...]}` about once a second. It takes over
 * every upgrade of its server, so it wants an application of its own.
 */
async function liveViewPlugin(
  app: FastifyInstance,
  { fleet, events, path = '/api/stream', maxViewers }: LiveViewOptions,
): Promise<void> {
  const stream = new LiveStream({
    snapshot: () => fleet.snapshot(),
    events,
    clock: systemClock,
    onError: (error) => app.log.error({ err: error }, 'the gateway could not be shown'),
    ...(maxViewers !== undefined && { maxViewers }),
  })
  const endEvents = fleet.onEvent(() => stream.hurry())
  await app.register(websocket, {
    options: { maxPayload: 1_024, perMessageDeflate: false },
    errorHandler: (_error, socket: WebSocket) => socket.terminate(),
  })
  app.get(path, { websocket: true }, (viewer: WebSocket) => {
    viewer.on('message', () => viewer.close(policyViolation))
    viewer.on('close', () => stream.leave(viewer))
    if (!stream.join(viewer)) viewer.close(tryAgainLater)
  })
  app.addHook('onClose', async () => {
    endEvents()
    stream.close()
  })
}

export default fp(liveViewPlugin, { fastify: '5.x', name: 'headgate-live-view' })
