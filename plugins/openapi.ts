import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

export interface OpenApiOptions {
  title: string
  version: string
  description: string
  /** @default '/api/openapi.json' */
  path?: string
}

/** Describes the routes that are registered after it by their schemas, as OpenAPI 3.1. */
async function openApiPlugin(
  app: FastifyInstance,
  { title, version, description, path = '/api/openapi.json' }: OpenApiOptions,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  app.get(
    path,
    {
      schema: {
        summary: 'This description',
        response: { 200: { description: 'OpenAPI 3.1', type: 'object', additionalProperties: true } },
      },
    },
    async () => app.swagger(),
  )
}

export default fp(openApiPlugin, { fastify: '5.x', name: 'headgate-openapi' })
