import { element, setText } from './dom.js'
import { bytes, number, percent, plural } from './format.js'
import { sum } from './history.js'

const windowMs = 60_000

/** From the cache, then from a server. */
const results = [
  ['hit', 'hit'],
  ['stale', 'stale'],
  ['revalidated', 'revalidated'],
  ['collapsed', 'collapsed'],
  ['miss', 'miss'],
  ['bypass', 'bypass'],
]

/** How much the cache answers, and how full it is. */
export class CachePanel {
  #ratio = element('strong', {}, '–')
  #window = element('span')
  #parts = results.map(([, label]) => ({
    band: element('i', { class: label }),
    count: element('dd', {}, '0'),
    label,
  }))
  #size = element('b')
  #meter = element('i')
  #entries = element('p', { class: 'facts' })

  constructor(parent) {
    parent.append(
      element('p', { class: 'ratio' }, this.#ratio, this.#window),
      element('div', { class: 'bands', 'aria-hidden': 'true' }, ...this.#parts.map(({ band }) => band)),
      element(
        'dl',
        { class: 'legend' },
        ...this.#parts.map(({ label, count }) =>
          element('div', { class: label }, element('dt', {}, label), count),
        ),
      ),
      element('p', { class: 'facts' }, this.#size),
      element('span', { class: 'bar', 'aria-hidden': 'true' }, this.#meter),
      this.#entries,
    )
  }

  update({ snapshot, history }) {
    const { cache } = snapshot
    const grown = results.map(([key]) => history.growth((past) => past.cache.requests[key], windowMs))
    const all = grown.reduce((total, count) => total + count, 0)
    const fromCache = grown[0] + grown[1] + grown[2] + grown[3]
    setText(this.#ratio, percent(fromCache / all))
    setText(this.#window, all === 0 ? 'no requests in the last minute' : 'from the cache, in the last minute')
    for (const [index, { band, count }] of this.#parts.entries()) {
      band.style.flexGrow = String(grown[index])
      setText(count, number(cache.requests[results[index][0]]))
    }
    setText(this.#size, `${bytes(cache.bytes)} of ${bytes(cache.maxBytes)}`)
    this.#meter.style.width = `${Math.min(1, cache.bytes / cache.maxBytes) * 100}%`
    const total = sum(cache.requests)
    const facts = [
      cache.entries === 0 ? 'nothing stored' : plural(cache.entries, 'response'),
      plural(total, 'request'),
    ]
    if (cache.evictions > 0) facts.push(plural(cache.evictions, 'eviction'))
    if (cache.secondTier !== null) facts.push(`second tier: ${number(cache.secondTier.hit ?? 0)} hits`)
    setText(this.#entries, facts.join(' · '))
  }
}
