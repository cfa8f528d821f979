import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from './config/schema.ts'

/** Gives responses `Strict-Transport-Security` (RFC 6797), unless the server has given them one. */
export function addTransportSecurity(app: FastifyInstance, settings: () => ServerConfig): void {
  app.addHook('onRequest', (_request, reply, done) => {
    const { hsts } = settings().tls ?? {}
    if (hsts !== undefined) {
      const { maxAge, includeSubDomains, preload } = hsts
      const flags = `${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
      reply.header('strict-transport-security', `max-age=${maxAge}${flags}`)
    }
    done()
  })
}
