import { element, setText, svg } from './dom.js'
import { bytes, milliseconds, number, percent } from './format.js'
import { sum } from './history.js'

const points = 60
const width = 120
const height = 28

/** The figures at the top: each is a value, and the way that it has come in the last minute. */
const figures = [
  {
    label: 'Requests per second',
    read: ({ history }) => history.rate(({ requests }) => sum(requests.byStatus)),
    write: number,
  },
  { label: 'In flight', read: ({ snapshot }) => snapshot.requests.inFlight, write: number },
  {
    label: 'Server errors',
    read: ({ history }) =>
      history.growth(({ requests }) => requests.byStatus['5xx']) /
      history.growth(({ requests }) => sum(requests.byStatus)),
    write: percent,
    isBad: (value) => value >= 0.01,
  },
  {
    label: 'Shed per second',
    read: ({ history }) =>
      history.rate(
        ({ requests, upstreams }) =>
          sum(requests.shed) + upstreams.reduce((total, { shed }) => total + sum(shed), 0),
      ),
    write: number,
    isBad: (value) => value > 0,
  },
  {
    label: 'Event loop delay',
    read: ({ snapshot }) => snapshot.process.eventLoopDelayMs,
    write: (value) => (value < 0.01 ? '0 ms' : milliseconds(value)),
    isBad: (value) => value >= 100,
  },
  { label: 'Memory', read: ({ snapshot }) => snapshot.process.rssBytes, write: bytes },
]

export class Figures {
  #tiles = figures.map((figure) => new Tile(figure))

  constructor(parent) {
    parent.append(...this.#tiles.map((tile) => tile.element))
  }

  update(view) {
    for (const tile of this.#tiles) tile.update(view)
  }
}

class Tile {
  #figure
  #values = []
  #value = element('strong', {}, '–')
  #line = svg('polyline', { points: '' })

  constructor(figure) {
    this.#figure = figure
    const spark = svg(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#line,
    )
    this.element = element('div', { class: 'figure' }, element('span', {}, figure.label), this.#value, spark)
  }

  update(view) {
    const { read, write, isBad } = this.#figure
    const value = read(view)
    this.#values.push(Number.isFinite(value) ? value : 0)
    if (this.#values.length > points) this.#values.shift()
    setText(this.#value, write(value))
    this.element.classList.toggle('bad', isBad?.(value) === true)
    this.#line.setAttribute('points', this.#path())
  }

  #path() {
    const top = Math.max(...this.#values) || 1
    const first = points - this.#values.length
    return this.#values
      .map((value, index) => {
        const x = ((first + index) / (points - 1)) * width
        return `${x.toFixed(1)},${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`
      })
      .join(' ')
  }
}
