import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import agent from '../plugins/agent.ts'
import { listenFault } from './listen-fault.ts'

export interface DevelopmentAgentOptions {
  /** A file with the list, YAML or JSON; read again when it changes. */
  servers: string
  /** @default '127.0.0.1' */
  host?: string
  port: number
  logger: FastifyBaseLogger
}

/** Runs a deployment agent of its own, for development. Rejects where the file is no list of servers. */
export async function startAgent(options: DevelopmentAgentOptions): Promise<FastifyInstance> {
  const { servers, host = '127.0.0.1', port, logger } = options
  const app: FastifyInstance = fastify({ loggerInstance: logger, forceCloseConnections: true })
  await app.register(agent, { file: servers })
  await app.listen({ host, port }).catch((error) => {
    throw listenFault(error)
  })
  return app
}
