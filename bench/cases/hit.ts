import { caches } from '../gateways/all.ts'
import { bareAnswer } from '../gateways/floor.ts'
import { content } from '../origin/content.ts'
import type { Case } from './case.ts'
import { compareThroughput, throughputColumns } from './throughput.ts'

export const hit: Case = {
  name: 'hit',
  title: 'Cached asset, 10 KB',
  method: 'GET of a style sheet of 10 KB that every gateway has stored, 64 connections.',
  columns: throughputColumns,
  chart: 'cpu',
  run: (bench) =>
    compareThroughput(bench, {
      gateways: [...caches, bareAnswer],
      load: { path: content.asset.path },
      answerBytes: content.asset.bytes,
      setup: { cache: true },
      isStored: true,
    }),
}
