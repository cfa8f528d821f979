import gateway from 'fast-gateway'

const [port, target] = process.argv.slice(2)
await gateway({ routes: [{ prefix: '', pathRegex: '/*', target }] }).start(Number(port), '127.0.0.1')
