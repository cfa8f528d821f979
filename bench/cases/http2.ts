import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cert, key } from '../../test/helpers/certificate.ts'
import { gateways } from '../gateways/all.ts'
import { content } from '../origin/content.ts'
import type { Case } from './case.ts'
import { compareThroughput, throughputColumns } from './throughput.ts'

const speaksHttp2 = new Set(['nginx', 'nginx, no log', 'headgate', 'headgate, no log'])

export const http2: Case = {
  name: 'http2',
  title: 'Proxied GET, 1 KB, over HTTPS with HTTP/2',
  method: 'The same over 4 connections with 30 streams each, driven by h2load; HTTP/1.1 to the server.',
  columns: throughputColumns,
  chart: 'cpu',
  run(bench) {
    const folder = bench.newFolder('certificate')
    const tls = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    writeFileSync(tls.cert, cert)
    writeFileSync(tls.key, key)
    return compareThroughput(bench, {
      gateways: gateways.filter(({ name }) => speaksHttp2.has(name)),
      load: { path: content.small.path, connections: 4, streams: 30 },
      // h2load counts bytes of heads as they are compressed.
      answerBytes: content.small.bytes,
      setup: { tls },
    })
  },
}
