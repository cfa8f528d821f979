import type { Pace } from '../pace.ts'

/** One thing that is measured of every gateway. A file in this folder is one case. */
export interface Case {
  /** What it is called on the command line. */
  readonly name: string
  /** What it is called in the report. */
  readonly title: string
  /** One or two sentences on how it is measured. */
  readonly method: string
  readonly columns: readonly Column[]
  /** The column that the chart shows. */
  readonly chart?: string
  run(bench: Bench): Promise<Row[]>
}

/** What a case needs of its surroundings. */
export interface Bench {
  readonly pace: Pace
  /** Makes a new folder for temporary files; it goes with the bench. */
  newFolder(name: string): string
  /** True for the gateways that were asked for. */
  isWanted(gateway: string): boolean
  /** Says what is going on. */
  progress(text: string): void
}

export interface Column {
  /** The name of the value in rows. */
  key: string
  title: string
  /** Digits behind the point. */
  digits: number
}

/** What became of one gateway. */
export interface Row {
  gateway: string
  /** Sub-case, where a case has several. */
  group?: string
  version?: string | undefined
  state: 'measured' | 'not installed' | 'failed'
  reason?: string
  /** By the keys of the columns. NaN or absent where it cannot be known. */
  values: Record<string, number>
}
