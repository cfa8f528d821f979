import { figure } from './table.ts'

export interface Bar {
  label: string
  value: number
  isOurs: boolean
}

export interface Panel {
  title: string
  unit: string
  digits: number
  bars: readonly Bar[]
}

const width = 760
const labelWidth = 190
const valueWidth = 80
const barHeight = 18
const rowHeight = 24
const titleHeight = 44
const gap = 14

/** Bars, panel below panel, the shortest first: all of these are better where they are less. */
export function chart(panels: readonly Panel[]): string {
  const parts: string[] = []
  let y = 10
  for (const panel of panels) {
    parts.push(panelAt(panel, y))
    y += titleHeight + panel.bars.length * rowHeight + gap
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>CPU time and latency by gateway</title>
<style>
  text { fill: #1f2328 } .unit { fill: #656d76 } .other { fill: #afb8c1 } .ours { fill: #1f6feb }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .unit { fill: #8d96a0 } .other { fill: #484f58 } .ours { fill: #4493f8 } }
</style>
${parts.join('\n')}
</svg>
`
}

function panelAt({ title, unit, digits, bars }: Panel, top: number): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  const space = width - labelWidth - valueWidth
  const lines = bars
    .toSorted((a, b) => a.value - b.value)
    .map(({ label, value, isOurs }, index) => {
      const y = top + titleHeight + index * rowHeight
      const length = Math.max(1, (value / longest) * space)
      const text = y + barHeight - 5
      return `<text x="${labelWidth - 8}" y="${text}" text-anchor="end"${isOurs ? ' font-weight="600"' : ''}>${escaped(label)}</text><rect class="${isOurs ? 'ours' : 'other'}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/><text x="${(labelWidth + length + 6).toFixed(1)}" y="${text}">${figure(value, digits)}</text>`
    })
  const heading = `<text x="0" y="${top + 18}" font-size="15" font-weight="600">${escaped(title)}</text><text class="unit" x="0" y="${top + 35}">${escaped(unit)}, less is better</text>`
  return [heading, ...lines].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
