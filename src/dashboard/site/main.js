import { askForLogLevel, askToDrain, askToLookUp, askToPurge } from './actions.js'
import { CachePanel } from './cache-panel.js'
import { KeyedList, setText } from './dom.js'
import { EventList } from './event-list.js'
import { Figures } from './figures.js'
import { duration, plural } from './format.js'
import { History } from './history.js'
import { openLink } from './link.js'
import { startTheme } from './theme.js'
import { UpstreamPanel } from './upstream-panel.js'

const part = (id) => document.getElementById(id)

const history = new History()
const figures = new Figures(part('figures'))
const cache = new CachePanel(part('cache'))
const events = new EventList(part('events'), part('no-events'))
const upstreams = new KeyedList(part('upstreams'), (upstream) => new UpstreamPanel(upstream, askToDrain))
let snapshot

function showFrame(frame) {
  snapshot = frame.snapshot
  if (!history.add(snapshot)) events.restart()
  events.add(frame.events)
  part('upstreams').querySelector(':scope > .empty')?.remove()
  const view = { snapshot, history }
  figures.update(view)
  cache.update(view)
  upstreams.update(
    snapshot.upstreams,
    ({ name }) => name,
    (panel, upstream) => panel.update(upstream, view),
  )
  const { version, uptimeSeconds, workers, logLevel } = snapshot
  const team = workers > 1 ? ` · ${plural(workers, 'worker')}` : ''
  setText(part('identity'), `${version} · up ${duration(uptimeSeconds)}${team}`)
  setText(part('log-level'), `Log: ${logLevel}`)
  for (const id of ['log-level', 'purge', 'look-up']) part(id).disabled = false
}

const words = {
  connecting: () => 'connecting',
  live: () => 'live',
  stale: (seconds) => `no news for ${seconds} s`,
  lost: (seconds) => `lost ${seconds} s ago`,
}

function showLink(state, seconds) {
  document.body.dataset.link = state
  setText(part('link'), words[state](seconds))
  const isLost = state === 'lost'
  part('notice').hidden = !isLost && snapshot?.draining !== true
  setText(
    part('notice'),
    isLost
      ? 'The gateway cannot be reached. What you see is how it was; it is being tried again.'
      : 'The gateway is draining: it finishes what is in flight, and ends.',
  )
}

startTheme(part('theme'))
part('log-level').addEventListener('click', () => askForLogLevel(snapshot.logLevel))
part('purge').addEventListener('click', askToPurge)
part('look-up').addEventListener('click', askToLookUp)
openLink({ onFrame: showFrame, onState: showLink })
