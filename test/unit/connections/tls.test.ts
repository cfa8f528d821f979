import assert from 'node:assert/strict'
import net, { type AddressInfo } from 'node:net'
import { openPool } from '../../../src/connections/pools.ts'
import { cert, key } from '../../helpers/certificate.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  perDriver(`a recycled connection resumes the session of the one before it: ${version}`, async (t) => {
    const server = await countingServer(t, undefined, { tls: { key, cert, maxVersion: version } })
    const pool = newPool(t, server.origin, { maxRequests: 2, jitter: 0, tls: { ca: cert } })
    t.after(() => pool.destroy())
    for (let i = 0; i < 10; i++) assert.equal((await send(pool)).body, 'ok')
    assert.deepEqual(
      server.connections.slice(0, 5).map(({ resumed, requests }) => [resumed, requests]),
      [
        [false, 2],
        [true, 2],
        [true, 2],
        [true, 2],
        [true, 2],
      ],
    )
    assert.equal(pool.stats.resumed, pool.stats.opened - 1)
  })
}

perDriver('a server whose certificate is not trusted gets no request', async (t) => {
  const server = await countingServer(t, undefined, { tls: { key, cert } })
  const pool = newPool(t, server.origin)
  t.after(() => pool.destroy())
  const { error, started } = await send(pool)
  assert.deepEqual([error?.code, started], ['DEPTH_ZERO_SELF_SIGNED_CERT', false])
})

perDriver(
  'a server with the wrong name gets no request, and with the right one of its own it does',
  async (t) => {
    const server = await countingServer(t, undefined, { tls: { key, cert } })
    const address = {
      protocol: 'https:',
      host: '127.0.0.1',
      port: Number(new URL(server.origin).port),
    } as const
    const wrong = openPool({ ...address, servername: 'other.example' }, { tls: { ca: cert } })
    const right = openPool({ ...address, servername: 'app.example' }, { tls: { ca: cert } })
    t.after(() => Promise.all([wrong.destroy(), right.destroy()]))
    assert.equal((await send(wrong)).error?.code, 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.equal((await send(right)).body, 'ok')
  },
)

perDriver('verification can be switched off', async (t) => {
  const server = await countingServer(t, undefined, { tls: { key, cert } })
  const pool = newPool(t, server.origin, { tls: { verify: false } })
  t.after(() => pool.destroy())
  assert.equal((await send(pool)).body, 'ok')
})

perDriver('a name in the Host field changes neither the server name nor the socket', async (t) => {
  const server = await countingServer(t, (request, response) => response.end(request.headers.host), {
    tls: { key, cert },
  })
  const pool = newPool(t, server.origin, { tls: { ca: cert } })
  t.after(() => pool.destroy())
  for (const host of ['a.example', 'b.example', 'a.example']) {
    assert.equal((await send(pool, { headers: ['host', host] })).body, host)
  }
  assert.equal(server.connections.length, 1)
})

perDriver('a server that does not finish its handshake in time is given up', async (t) => {
  const silent = net.createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const pool = newPool(t, `https://127.0.0.1:${port}`, { connectTimeout: 50 })
  t.after(() => {
    silent.close()
    return pool.destroy()
  })
  assert.equal((await send(pool)).error?.code, 'UND_ERR_CONNECT_TIMEOUT')
  await until(() => pool.stats.total === 0)
})
