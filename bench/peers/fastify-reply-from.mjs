import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'

const [port, base] = process.argv.slice(2)
const app = fastify()
app.register(replyFrom, { base })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
app.all('/*', (request, reply) => reply.from(request.url))
await app.listen({ port: Number(port), host: '127.0.0.1' })
