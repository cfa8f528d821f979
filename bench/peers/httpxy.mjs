import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'httpxy'

const [port, target] = process.argv.slice(2)
const proxy = createProxyServer({ xfwd: true, agent: new Agent({ keepAlive: true }) })
createServer((request, response) => {
  proxy.web(request, response, { target }).catch(() => response.destroy())
}).listen(Number(port), '127.0.0.1')
