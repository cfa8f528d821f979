import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import agent from '../plugins/agent.ts'
import { HeadgateError } from './errors.ts'
import { listenFault } from './listen-fault.ts'

export interface DevelopmentAgentOptions {
  /** A file with the list, YAML or JSON; read again when it changes. */
  servers: string
  /** @default '127.0.0.1' */
  host?: string
  port: number
  logger: FastifyBaseLogger
}

/**
 * Runs a deployment agent of its own, for development.
 *
 * @throws HeadgateError `HEADGATE_CONFIG_INVALID` where the file is no list of servers, `HEADGATE_CANNOT_LISTEN`
 */
export async function startAgent(options: DevelopmentAgentOptions): Promise<FastifyInstance> {
  const { servers, host = '127.0.0.1', port, logger } = options
  const app: FastifyInstance = fastify({ loggerInstance: logger, forceCloseConnections: true })
  try {
    await app.register(agent, { file: servers })
  } catch (cause) {
    const message = `The list of servers cannot be read: ${(cause as Error).message}`
    throw new HeadgateError('HEADGATE_CONFIG_INVALID', { message, cause })
  }
  await app.listen({ host, port }).catch((error) => {
    throw listenFault(error)
  })
  return app
}
