import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { systemClock } from '../src/clock.ts'
import { type AgentItem, maxListBytes } from '../src/discovery/agent-protocol.ts'
import { parseAgentItems, readServersFile } from '../src/discovery/servers-file.ts'
import { WatchedFile } from '../src/discovery/watched-file.ts'

export type { AgentItem } from '../src/discovery/agent-protocol.ts'
export { readServersFile } from '../src/discovery/servers-file.ts'

export interface AgentPluginOptions {
  /** What to announce first. @default [] */
  servers?: readonly AgentItem[]
  /** A file with the list, YAML or JSON, instead of `servers`; read again when it changes. */
  file?: string
  /** Milliseconds between two frames. @default 2000 */
  interval?: number
  /** @default '/ws' */
  path?: string
}

/** A small deployment agent: sends everybody the whole list. */
export interface DeploymentAgent {
  readonly servers: readonly AgentItem[]
  /** Announces another list, at once. */
  setServers(servers: readonly AgentItem[]): void
}

declare module 'fastify' {
  interface FastifyInstance {
    agent: DeploymentAgent
  }
}

/** A client that does not read is cut when so many bytes wait for it. */
const maxUnreadBytes = 16 * maxListBytes

/**
 * A deployment agent for development: whoever opens `GET /ws` gets the whole list at once and then every two seconds.
 * It takes over every upgrade of its server, so it wants an application of its own.
 */
export default fp<AgentPluginOptions>(
  async (app, { servers = [], file, interval = 2_000, path = '/ws' }) => {
    const clients = new Set<WebSocket>()
    const agent = {
      servers: file === undefined ? servers : await readServersFile(file),
      setServers(next: readonly AgentItem[]) {
        agent.servers = next
        for (const client of clients) send(client)
      },
    }
    const send = (client: WebSocket) => {
      if (client.bufferedAmount > maxUnreadBytes) client.terminate()
      else client.send(JSON.stringify(agent.servers))
    }
    await app.register(websocket, { options: { maxPayload: 1_024 } })
    app.get(path, { websocket: true }, (client: WebSocket) => {
      clients.add(client)
      client.on('error', () => client.terminate())
      client.on('close', () => clients.delete(client))
      send(client)
    })
    app.decorate('agent', agent)
    const timer = setInterval(() => agent.setServers(agent.servers), interval).unref()
    const watched = file === undefined ? undefined : watchList(app, file, agent)
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await watched?.close()
    })
  },
  { fastify: '5.x', name: 'headgate-agent' },
)

function watchList(app: FastifyInstance, path: string, agent: DeploymentAgent): WatchedFile {
  const watched = new WatchedFile({
    path,
    maxBytes: maxListBytes,
    clock: systemClock,
    onText(text, before) {
      if (text === before) return
      agent.setServers(parseAgentItems(text, path))
      app.log.info({ path, servers: agent.servers.length }, 'the agent has read its list')
    },
    onError: (error) =>
      app.log.warn({ path, err: error }, 'the agent could not read its list; the last one stands'),
  })
  watched.start()
  return watched
}
