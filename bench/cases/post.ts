import { gateways } from '../gateways/all.ts'
import { bareRelay } from '../gateways/floor.ts'
import { content } from '../origin/content.ts'
import type { Case } from './case.ts'
import { compareThroughput, throughputColumns } from './throughput.ts'

export const post: Case = {
  name: 'post',
  title: 'POST, 10 KB',
  method: 'POST with a body of 10 KB, answered with 2 bytes, 64 connections.',
  columns: throughputColumns,
  chart: 'cpu',
  run: (bench) =>
    compareThroughput(bench, {
      gateways: [...gateways, bareRelay],
      load: { path: content.upload.path, method: 'POST', bodyBytes: 10 * 1024 },
      answerBytes: content.upload.bytes,
    }),
}
