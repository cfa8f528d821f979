import { element } from './dom.js'

const kept = 100

/** What a sentence says of each kind of event, and how grave it is. */
const sentences = {
  server_joined: [({ server }) => `${server} joined`, 'good'],
  server_returned: [({ server }) => `${server} returned`, 'good'],
  server_draining: [({ server }) => `${server} drains`, 'calm'],
  server_removed: [({ server }) => `${server} left`, 'calm'],
  server_ejected: [({ server }) => `${server} was ejected`, 'bad'],
  server_readmitted: [({ server }) => `${server} was let back in`, 'good'],
  server_unhealthy: [({ server }) => `${server} fails its checks`, 'bad'],
  server_healthy: [({ server }) => `${server} passes its checks again`, 'good'],
  server_drained: [({ server }) => `${server} was drained by hand`, 'warn'],
  server_undrained: [({ server }) => `${server} was undrained`, 'good'],
  panic: [() => 'too few servers are sound: soundness is ignored', 'bad'],
  calm: [() => 'enough servers are sound again', 'good'],
  discovery_state: [() => 'discovery is', 'calm'],
  config_reloaded: [() => 'the configuration was reloaded', 'good'],
  config_refused: [() => 'a new configuration was refused', 'bad'],
  cache_purged: [() => 'the cache was purged of', 'calm'],
  log_level_set: [() => 'the log level is', 'calm'],
  draining: [() => 'the gateway drains and will end', 'warn'],
  worker_started: [({ worker }) => `worker ${worker} started`, 'good'],
  worker_died: [({ worker }) => `worker ${worker} died`, 'bad'],
}

const graveDetails = { lost: 'bad', stale: 'warn', waiting: 'warn', fresh: 'good' }

/** The log of events, the newest first. */
export class EventList {
  #list
  #empty
  #log
  #lastId = 0

  constructor(list, empty) {
    this.#list = list
    this.#empty = empty
    this.#log = list.parentElement
  }

  /** A gateway that has begun anew counts its events anew. */
  restart() {
    this.#lastId = 0
  }

  add(events) {
    for (const event of events) {
      if (event.id <= this.#lastId) continue
      this.#lastId = event.id
      this.#list.prepend(entry(event))
    }
    while (this.#list.childElementCount > kept) this.#list.lastElementChild.remove()
    this.#empty.hidden = this.#list.childElementCount > 0
    // What has happened before is not read aloud; what happens from now on is.
    requestAnimationFrame(() => this.#log.setAttribute('aria-live', 'polite'))
  }
}

function entry(event) {
  const [say, grave] = sentences[event.kind] ?? [() => event.kind, 'calm']
  const tone = event.kind === 'discovery_state' ? (graveDetails[event.detail] ?? grave) : grave
  const joined = ['discovery_state', 'cache_purged', 'log_level_set'].includes(event.kind)
  const detail =
    event.detail === undefined ? '' : `${joined ? ' ' : ': '}${event.detail.replaceAll('_', ' ')}`
  const at = new Date(event.at)
  return element(
    'li',
    { 'data-tone': tone },
    element('time', { datetime: at.toISOString() }, at.toLocaleTimeString('en-GB')),
    element(
      'p',
      { class: 'told' },
      ...(event.upstream === undefined ? [] : [element('b', {}, event.upstream), ' ']),
      `${say(event)}${detail}`,
    ),
  )
}
