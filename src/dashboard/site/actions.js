import { change, openDialog } from './dialog.js'
import { element } from './dom.js'
import { bytes, plural } from './format.js'

/** Asks whether a server is to be drained, or undrained. */
export function askToDrain(upstream, { name, drainedByHand, inFlight }) {
  const path = `/api/upstreams/${encodeURIComponent(upstream)}/servers/${encodeURIComponent(name)}/drain`
  openDialog({
    title: `${drainedByHand ? 'Undrain' : 'Drain'} ${name}?`,
    text: drainedByHand
      ? 'It gets requests again, as far as its source and its health allow.'
      : `It gets no new requests, whatever its source says, until it is undrained. ${plural(inFlight, 'request')} in flight will finish.`,
    confirm: drainedByHand ? 'Undrain' : 'Drain',
    isGrave: !drainedByHand,
    run: (token) => change(drainedByHand ? 'DELETE' : 'POST', path, token),
  })
}

export function askForLogLevel(current) {
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
  const select = element('select', {}, ...levels.map((level) => element('option', { value: level }, level)))
  select.value = current
  openDialog({
    title: 'Change the log level',
    text: 'It holds until the configuration is reloaded or the gateway restarts.',
    confirm: 'Change',
    fields: [element('label', {}, 'Level', select)],
    run: (token) => change('PUT', '/api/log-level', token, { level: select.value }),
  })
}

export function askToPurge() {
  const by = element(
    'select',
    {},
    element('option', { value: 'url' }, 'one URL'),
    element('option', { value: 'prefix' }, 'URLs that begin with'),
    element('option', { value: 'tag' }, 'responses with the tag'),
  )
  const value = element('input', { type: 'text', required: '', autocomplete: 'off', spellcheck: 'false' })
  openDialog({
    title: 'Purge the cache',
    text: 'What is taken out is asked for anew. URLs are those of clients, with scheme and host.',
    confirm: 'Purge',
    isGrave: true,
    fields: [element('label', {}, 'What', by), element('label', {}, 'Value', value)],
    run: (token) => change('POST', '/api/cache/purge', token, { [by.value]: value.value }),
    onDone: ({ purged }) => [
      element(
        'p',
        { role: 'status' },
        purged === 0 ? 'Nothing was stored of it.' : `${plural(purged, 'response')} purged.`,
      ),
    ],
  })
}

export function askToLookUp() {
  const url = element('input', { type: 'url', required: '', autocomplete: 'off', spellcheck: 'false' })
  openDialog({
    title: 'Look up a response',
    text: 'What is stored of a URL, and why.',
    confirm: 'Look up',
    needsToken: false,
    fields: [element('label', {}, 'URL', url)],
    run: () => fetch(`/api/cache/entry?url=${encodeURIComponent(url.value)}`),
    onDone: ({ variants }) => variants.map(describeVariant),
  })
}

function describeVariant({ statusCode, bodyBytes, hits, freshFor, lifetimeSource, vary, tags, etag }) {
  const facts = {
    status: statusCode,
    size: bytes(bodyBytes),
    hits,
    fresh: freshFor >= 0 ? `for ${Math.round(freshFor)} s more` : `no, since ${Math.round(-freshFor)} s`,
    because: lifetimeSource,
    ...(vary.length > 0 && { 'varies by': vary.join(', ') }),
    ...(tags.length > 0 && { tags: tags.join(', ') }),
    ...(etag !== undefined && { etag }),
  }
  return element(
    'dl',
    { class: 'variant' },
    ...Object.entries(facts).map(([key, fact]) =>
      element('div', {}, element('dt', {}, key), element('dd', {}, String(fact))),
    ),
  )
}
