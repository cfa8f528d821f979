import { element, setAttribute } from './dom.js'
import { duration, plural } from './format.js'

const classes = 12
/** From here on, connections are older than the age at which they are replaced, by their jitter. */
const firstOver = 10

/**
 * Open connections by age, from new to the age at which they are replaced. A row of even bars is a pool that recycles
 * as it should; one that stands at the right was born at once, and will be replaced at once.
 */
export class Ages {
  #bars = Array.from({ length: classes }, (_, index) =>
    element('i', index >= firstOver ? { class: 'over' } : {}),
  )

  constructor() {
    this.element = element('span', { class: 'ages', role: 'img' }, ...this.#bars)
  }

  update(counts, maxAgeSeconds) {
    const most = Math.max(...counts, 1)
    for (const [index, bar] of this.#bars.entries()) {
      bar.classList.toggle('none', counts[index] === 0)
      bar.style.height = counts[index] === 0 ? '' : `${Math.max(14, (counts[index] / most) * 100)}%`
    }
    const label = describe(counts, maxAgeSeconds)
    setAttribute(this.element, 'aria-label', label)
    setAttribute(this.element, 'title', label)
  }
}

function describe(counts, maxAgeSeconds) {
  const open = counts.reduce((total, count) => total + count, 0)
  const limit = maxAgeSeconds > 0 ? `replaced at ${duration(maxAgeSeconds)}` : 'replaced at no age'
  if (open === 0) return `No open connections; they are ${limit}`
  const step = (maxAgeSeconds > 0 ? maxAgeSeconds : 3600) / 10
  const oldest = counts.findLastIndex((count) => count > 0)
  const median = medianClass(counts, open)
  return `${plural(open, 'connection')} by age: half are younger than ${duration((median + 1) * step)}, the oldest ${
    oldest === classes - 1
      ? `is above ${duration(oldest * step)}`
      : `is below ${duration((oldest + 1) * step)}`
  }; they are ${limit}`
}

function medianClass(counts, open) {
  let seen = 0
  return counts.findIndex((count) => {
    seen += count
    return seen >= open / 2
  })
}
