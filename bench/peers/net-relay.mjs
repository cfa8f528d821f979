import { connect, createServer } from 'node:net'

const [port, target] = process.argv.slice(2)
const { hostname: host, port: serverPort } = new URL(target)
createServer({ noDelay: true }, (client) => {
  const server = connect({ host, port: Number(serverPort), noDelay: true })
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
  client.pipe(server).pipe(client)
}).listen(Number(port), '127.0.0.1')
