import { Ages } from './ages.js'
import { element, setAttribute, setText } from './dom.js'
import { milliseconds, number, percent, plural } from './format.js'
import { sum } from './history.js'

const stateWords = {
  ready: 'ready',
  'slow-start': 'slow start',
  resting: 'weight 0',
  unhealthy: 'unhealthy',
  ejected: 'ejected',
  sundown: 'sundown',
  drained: 'drained by hand',
  removed: 'leaving',
}

export const columns = ['Server', 'Weight', 'Traffic', 'In flight', 'Latency', 'Success', 'Connections', '']

/** One server: a row of the table, on a phone a card. */
export class ServerRow {
  #name = element('span', { class: 'name' })
  #state = element('span', { class: 'state' })
  #weight = element('b')
  #score = element('small')
  #traffic = element('b')
  #expected = element('small')
  #trafficBar = bar('wide')
  #inFlight = element('b')
  #slots = element('small')
  #latency = element('b')
  #success = element('b')
  #failures = element('small')
  #connections = element('b')
  #details = element('small')
  #ages = new Ages()
  #button = element('button', { type: 'button' })

  constructor(tone, onAction) {
    this.tone = tone
    this.element = element(
      'div',
      { role: 'row', class: `server tone-${tone}` },
      element('div', { role: 'rowheader' }, this.#name, this.#state),
      cell(1, this.#weight, this.#score),
      cell(2, this.#traffic, this.#expected, this.#trafficBar.element),
      cell(3, this.#inFlight, this.#slots),
      cell(4, this.#latency),
      cell(5, this.#success, this.#failures),
      cell(6, this.#connections, this.#details, this.#ages.element),
      element('div', { role: 'cell', class: 'action' }, this.#button),
    )
    this.#button.addEventListener('click', () => onAction(this.server))
  }

  /** @param traffic what it gets of the upstream's traffic, and what it should get by weight: 0 to 1, NaN = none */
  update(server, { traffic, failed, workers, maxAgeSeconds }) {
    this.server = server
    const { connections, drainedByHand } = server
    setAttribute(this.element, 'data-state', server.state)
    setText(this.#name, server.name)
    setText(this.#state, stateOf(server, workers))
    setAttribute(this.#state, 'title', `ejected ${plural(sum(server.ejections), 'time')} so far`)
    setText(this.#weight, number(server.weight))
    setText(this.#score, `score ${number(server.score)}`)
    setText(this.#traffic, percent(traffic.observed))
    setText(this.#expected, Number.isFinite(traffic.expected) ? `due ${percent(traffic.expected)}` : '')
    this.#trafficBar.update(traffic.observed, traffic.expected)
    setText(this.#inFlight, number(server.inFlight))
    setText(this.#slots, `of ${number(server.slots)}`)
    setText(this.#latency, milliseconds(server.latencyMs))
    setText(this.#success, percent(server.successRate))
    setText(this.#failures, failed > 0 ? `${number(failed)} failed` : '')
    this.#success.classList.toggle('bad', server.successRate < 0.99)
    const open = connections.active + connections.idle + connections.retiring
    setText(this.#connections, number(open))
    setText(this.#details, detailsOf(connections))
    this.#ages.update(connections.ages, maxAgeSeconds)
    setText(this.#button, drainedByHand ? 'Undrain' : 'Drain')
    setAttribute(this.#button, 'aria-label', `${drainedByHand ? 'Undrain' : 'Drain'} ${server.name}`)
  }
}

function cell(column, ...children) {
  return element('div', { role: 'cell', 'data-label': columns[column] }, ...children)
}

/** A bar with a mark where it should reach to. */
function bar(kind) {
  const fill = element('i')
  const mark = element('s')
  return {
    element: element('span', { class: `bar ${kind}`, 'aria-hidden': 'true' }, fill, mark),
    update(share, expected) {
      fill.style.width = `${Number.isFinite(share) ? Math.min(share, 1) * 100 : 0}%`
      mark.style.left = `${Number.isFinite(expected) ? Math.min(expected, 1) * 100 : 0}%`
      mark.hidden = !Number.isFinite(expected)
    },
  }
}

function stateOf({ state, states, ejectedForMs, slowStart }, workers) {
  const seen = states[state] ?? 0
  const inSome = seen < workers && workers > 1 ? ` in ${seen} of ${plural(workers, 'worker')}` : ''
  if (state === 'ejected') return `ejected, ${Math.ceil(ejectedForMs / 1000)} s${inSome}`
  if (state === 'slow-start') return `slow start, ${percent(slowStart)}${inSome}`
  return `${stateWords[state]}${inSome}`
}

function detailsOf({ active, retiring, tunnels }) {
  const parts = [`${number(active)} active`]
  if (retiring > 0) parts.push(`${number(retiring)} retiring`)
  if (tunnels > 0) parts.push(plural(tunnels, 'tunnel'))
  return parts.join(', ')
}
