import { element, KeyedList, setAttribute, setText } from './dom.js'
import { duration, number, percent, plural } from './format.js'
import { sent, sum } from './history.js'
import { columns, ServerRow } from './server-row.js'
import { Streams } from './streams.js'

/** Distinct colors of streams; then they begin again. */
const tones = 8
/** More would be no picture any more. */
const maxRows = 200

const discoveryWords = {
  static: 'fixed list',
  fresh: 'discovery fresh',
  stale: 'discovery stale',
  lost: 'discovery lost',
  waiting: 'waiting for a first list',
}

/** One upstream: how its servers are found, who waits, and a row for each server. */
export class UpstreamPanel {
  #title = element('h2')
  #discovery = element('span', { class: 'chip' })
  #facts = element('p', { class: 'facts' })
  #streams = new Streams()
  #body = element('div', { role: 'rowgroup' })
  #empty = element('p', { class: 'empty', hidden: '' })
  #more = element('p', { class: 'empty', hidden: '' })
  #rows
  #nextTone = 0

  constructor({ name }, onAction) {
    const titleId = `upstream-${name}`
    this.#title.id = titleId
    setText(this.#title, name)
    const head = columns.map((column) =>
      element('div', { role: 'columnheader' }, column || element('span', { class: 'unseen' }, 'Action')),
    )
    this.table = element(
      'div',
      { role: 'table', 'aria-labelledby': titleId },
      element('div', { role: 'rowgroup' }, element('div', { role: 'row', class: 'head' }, ...head)),
      this.#body,
    )
    this.element = element(
      'section',
      { class: 'panel upstream', 'aria-labelledby': titleId },
      element('div', { class: 'panel-head' }, this.#title, this.#discovery, this.#facts),
      this.#empty,
      element('div', { class: 'flow' }, this.#streams.element, this.table),
      this.#more,
    )
    this.#rows = new KeyedList(
      this.#body,
      () => new ServerRow(this.#nextTone++ % tones, (server) => onAction(name, server)),
    )
  }

  update(upstream, { history, snapshot }) {
    const { discovery, servers } = upstream
    const age = discovery.ageSeconds
    const since = age === null || discovery.state === 'static' ? '' : `, ${duration(Math.round(age))} old`
    setText(this.#discovery, `${discoveryWords[discovery.state]}${since}`)
    setAttribute(this.#discovery, 'data-state', discovery.state)
    setText(this.#facts, this.#factsOf(upstream, history))
    this.#empty.hidden = servers.length > 0
    this.table.hidden = servers.length === 0
    setText(this.#empty, emptyWords(discovery.state))
    this.#more.hidden = servers.length <= maxRows
    setText(
      this.#more,
      `and ${plural(servers.length - maxRows, 'more server')}, which headgate top and the API show`,
    )
    this.#showServers(upstream, history, snapshot.workers)
  }

  #showServers({ name, servers, maxAgeSeconds }, history, workers) {
    const shown = servers.slice(0, maxRows)
    const growth = shown.map((server) => history.growth((past) => sent(find(past, name, server.name))))
    const all = growth.reduce((total, count) => total + count, 0)
    const shares = shown.reduce((total, { share }) => total + share, 0)
    let index = -1
    const rows = this.#rows.update(
      shown,
      (server) => server.name,
      (row, server) => {
        index++
        row.update(server, {
          traffic: { observed: growth[index] / all, expected: server.share / shares },
          failed: failures(server.outcomes),
          workers,
          maxAgeSeconds,
        })
      },
    )
    const top = this.table.offsetTop
    this.#streams.update(
      rows.map(({ element: row, tone }, at) => ({
        tone,
        share: all === 0 ? 0 : growth[at] / all,
        center: row.offsetTop - top + row.offsetHeight / 2,
      })),
      this.table.offsetHeight,
    )
  }

  #factsOf({ name, algorithm, queueDepth, panic, retries }, history) {
    const upstreamOf = ({ upstreams }) => upstreams.find((one) => one.name === name)
    const rate = history.rate((past) =>
      upstreamOf(past)?.servers.reduce((total, one) => total + sent(one), 0),
    )
    const shed = history.rate((past) => sum(upstreamOf(past)?.shed ?? {}))
    const facts = [
      algorithm,
      `${number(rate)} requests/s`,
      `${number(queueDepth)} waiting`,
      `${number(shed)} shed/s`,
    ]
    const again = retries.succeeded + retries.failed
    if (again > 0)
      facts.push(`${plural(again, 'retry', 'retries')}, ${percent(retries.succeeded / again)} good`)
    if (panic) facts.push('panic: soundness is ignored')
    return facts.join(' · ')
  }
}

function find({ upstreams }, upstream, server) {
  return upstreams.find(({ name }) => name === upstream)?.servers.find(({ name }) => name === server)
}

function failures({ server_error, connect_failed, timeout, connection_lost, bad_response }) {
  return server_error + connect_failed + timeout + connection_lost + bad_response
}

function emptyWords(state) {
  return state === 'waiting'
    ? 'No servers yet: discovery has not had a list. Requests are answered 503 until it has.'
    : 'No servers: the list is empty. Requests are answered 503.'
}
