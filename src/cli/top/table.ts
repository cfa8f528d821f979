import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

export interface Cell {
  text: string
  style?: Style | undefined
}

export interface Column<Row> {
  title: string
  align: 'left' | 'right'
  /** When the window is narrow, the columns with the highest numbers go first; 0 = never. */
  spare: number
  cell(row: Row): Cell
}

/** Paints a text that is as wide as it will be. */
export type Paint = (text: string, style: Style | undefined) => string

export function painter(hasColors: boolean): Paint {
  return (text, style) =>
    hasColors && style !== undefined ? styleText(style, text, { validateStream: false }) : text
}

const gap = '  '

/** The lines of a table, the titles first, no wider than the window. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): string[] {
  const laid = columns.map((column) => {
    const cells = rows.map((row) => column.cell(row))
    return { column, cells, width: Math.max(column.title.length, ...cells.map(({ text }) => text.length)) }
  })
  const shown = [...laid]
  const total = () => shown.reduce((sum, one) => sum + one.width + gap.length, 0)
  while (total() > width) {
    const spare = Math.max(...shown.map(({ column }) => column.spare))
    if (spare === 0) break
    shown.splice(
      shown.findIndex(({ column }) => column.spare === spare),
      1,
    )
  }
  const line = (cellOf: (one: (typeof laid)[number]) => Cell) =>
    shown
      .map((one) => {
        const { text, style } = cellOf(one)
        const padded = one.column.align === 'left' ? text.padEnd(one.width) : text.padStart(one.width)
        return `${gap}${paint(padded, style)}`
      })
      .join('')
      .trimEnd()
  return [
    line(({ column }) => ({ text: column.title, style: 'dim' })),
    ...rows.map((_row, index) => line(({ cells }) => cells[index] as Cell)),
  ]
}
