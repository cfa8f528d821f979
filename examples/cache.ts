/**
 * The cache alone: a route whose answers are stored by the rules of RFC 9111. A hundred clients at one time cost one
 * piece of work, and later ones none, as long as the answer is fresh.
 *
 *     node examples/cache.ts
 *     curl -i http://127.0.0.1:3000/report
 */
import fastify from 'fastify'
import { cache, replySink, Sweep } from '../src/index.ts' // in a project of your own: 'headgate'

const app = fastify({ logger: true })
const sweep = new Sweep()
let made = 0

await app.register(cache, { maxBytes: 16_777_216 })

app.get('/report', (_request, reply) => {
  reply.sendCached({
    mode: 'all',
    open: (onGone) => replySink(reply, { sweep, sendTimeout: 60_000, onGone }),
    fetch(sink) {
      const work = setTimeout(() => {
        const headers = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=60']
        sink.head({ statusCode: 200, statusMessage: 'OK', headers }, { pause() {}, resume() {}, abort() {} })
        sink.data(Buffer.from(`report number ${++made}\n`))
        sink.end([])
      }, 100)
      return () => clearTimeout(work)
    },
  })
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
