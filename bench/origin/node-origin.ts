import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { cacheControl, content, filler } from './content.ts'

/*
 * The origin where nginx is not installed:  node bench/origin/node-origin.ts PORT
 */

const small = Buffer.from(filler(content.small.bytes))
const asset = Buffer.from(filler(content.asset.bytes))
const large = Buffer.from(filler(content.large.bytes))

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '' } = request
  const isAsset = url === content.asset.path || url.startsWith(content.assets.prefix)
  if (isAsset) response.setHeader('cache-control', cacheControl)
  response.setHeader('content-type', isAsset ? 'text/css' : 'text/plain')
  const body = url === content.asset.path ? asset : url === content.large.path ? large : small
  response.setHeader('content-length', body.length)
  response.end(body)
}

createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  if (request.url !== content.upload.path) return answer(request, response)
  request.resume()
  request.once('end', () => response.end('ok'))
}).listen(Number(process.argv[2]))
