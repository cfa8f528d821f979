import { gateways } from '../gateways/all.ts'
import { bareRelay } from '../gateways/floor.ts'
import { content } from '../origin/content.ts'
import type { Case } from './case.ts'
import { compareThroughput, throughputColumns } from './throughput.ts'

export const get: Case = {
  name: 'get',
  title: 'Proxied GET, 1 KB',
  method: 'GET of 1 KB that nobody caches, 64 connections, as fast as answers come.',
  columns: throughputColumns,
  chart: 'cpu',
  run: (bench) =>
    compareThroughput(bench, {
      gateways: [...gateways, bareRelay],
      load: { path: content.small.path },
      answerBytes: content.small.bytes,
    }),
}
