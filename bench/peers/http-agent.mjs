// node:http on both sides, with an agent that keeps its connections.
import { Agent, createServer, request as send } from 'node:http'

const [port, target] = process.argv.slice(2)
const { hostname, port: targetPort } = new URL(target)
const agent = new Agent({ keepAlive: true })
createServer(({ url: path, method, headers }, response) => {
  send({ hostname, port: targetPort, path, method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
    .on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    .end()
}).listen(Number(port), '127.0.0.1')
