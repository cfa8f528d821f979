import caching from '@fastify/caching'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ValueStore } from '../src/cache/value-store.ts'
import { readSite, type SiteFile } from '../src/dashboard/site.ts'

/** Everything comes from here, nothing stands in the page itself, and nobody frames it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const protection = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * The dashboard at `/`, its parts under `/dashboard/`. Browsers ask each time whether a file has changed, so that page
 * and gateway always belong together.
 */
async function dashboardPlugin(app: FastifyInstance): Promise<void> {
  await app.register(caching, { privacy: 'no-cache', cache: new ValueStore() as never })
  for (const file of await readSite()) {
    const path = file.name === 'index.html' ? '/' : `/dashboard/${file.name}`
    app.get(path, { schema: { hide: true } }, (request, reply) => send(request, reply, file))
  }
  app.get('/dashboard', { schema: { hide: true } }, (_request, reply) => reply.redirect('/'))
}

function send(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { body, type, etag }: SiteFile,
): FastifyReply {
  reply.headers(protection).header('etag', etag)
  return headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body)
}

export default fp(dashboardPlugin, { fastify: '5.x', name: 'headgate-dashboard', encapsulate: true })
