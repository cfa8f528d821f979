import { gateways } from '../gateways/all.ts'
import { bareRelay } from '../gateways/floor.ts'
import { content } from '../origin/content.ts'
import type { Case } from './case.ts'
import { compareThroughput, throughputColumns } from './throughput.ts'

export const download: Case = {
  name: 'download',
  title: 'Download, 1 MB',
  method: 'GET of 1 MB that nobody caches, 16 connections.',
  columns: throughputColumns,
  chart: 'cpu',
  run: (bench) =>
    compareThroughput(bench, {
      gateways: [...gateways, bareRelay],
      load: { path: content.large.path, connections: 16 },
      answerBytes: content.large.bytes,
    }),
}
