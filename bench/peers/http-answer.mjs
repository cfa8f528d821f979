import { createServer } from 'node:http'

const [port] = process.argv.slice(2)
const body = Buffer.alloc(10 * 1024, 'x')
const head = { 'Content-Type': 'text/css', 'Content-Length': body.length }
createServer((_request, response) => {
  response.writeHead(200, head)
  response.end(body)
}).listen(Number(port), '127.0.0.1')
