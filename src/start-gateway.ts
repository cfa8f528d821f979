import type { FastifyInstance, FastifyListenOptions } from 'fastify'
import type { Config } from './config/schema.ts'
import { HeadgateError } from './errors.ts'
import { createGateway, type GatewayOptions } from './gateway.ts'
import { listenFault } from './listen-fault.ts'

/** How long plugins have for their close hooks once nothing is in flight, ms. */
const closeMs = 5_000

/** @throws HeadgateError what is wrong with the configuration, files that it names included */
export function openGateway(config: Config, options: GatewayOptions): Promise<FastifyInstance> {
  return createGateway(config, options).catch((error) => {
    throw fileFault(error)
  })
}

/**
 * @param socket a socket that listens already, a descriptor; in the place of the address
 * @throws HeadgateError `HEADGATE_CANNOT_LISTEN`; then the gateway is closed
 */
export async function listen(gateway: FastifyInstance, socket?: number): Promise<void> {
  try {
    // Node listens on a descriptor that is open; Fastify hands it on, without a word of it in its types.
    await gateway.listen({ ...(socket !== undefined && { fd: socket }) } as FastifyListenOptions)
  } catch (error) {
    await gateway.close()
    throw listenFault(error)
  }
}

/** Resolves once a gateway has closed, or has had the time to: false where a plugin has not. Nothing waits for that one. */
export function closesInTime(closed: Promise<unknown>): Promise<boolean> {
  const tooLate = new Promise<false>((resolve) => void setTimeout(resolve, closeMs, false).unref())
  return Promise.race([closed.then(() => true), tooLate])
}

/** A file that the configuration names and that cannot be read is a fault of the configuration. */
export function fileFault(error: unknown): unknown {
  const { syscall, path, message } = error as NodeJS.ErrnoException
  if (syscall !== 'open' || path === undefined) return error
  return new HeadgateError('HEADGATE_CONFIG_INVALID', {
    message: `A file that the configuration names cannot be read: ${message}`,
    cause: error,
  })
}
