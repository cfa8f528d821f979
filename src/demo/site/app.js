const answers = document.querySelector('#answers')
const shares = document.querySelector('#shares')
const cache = document.querySelector('#cache')
const shown = 60
/** The last answers, oldest first. */
const seen = []

async function ask() {
  const response = await fetch('/api/whoami')
  if (!response.ok) return
  seen.push(await response.json())
  if (seen.length > shown) seen.shift()
  answers.replaceChildren(...seen.map(({ color }) => colored(document.createElement('i'), color)))
  shares.replaceChildren(...[...tally()].map(([server, { color, count }]) => share(server, color, count)))
}

function tally() {
  const counts = new Map()
  for (const { server, color } of seen) {
    counts.set(server, { color, count: (counts.get(server)?.count ?? 0) + 1 })
  }
  return new Map([...counts].sort(([one], [other]) => one.localeCompare(other)))
}

function share(server, color, count) {
  const name = document.createElement('dt')
  const value = document.createElement('dd')
  name.textContent = server
  value.textContent = `${Math.round((count / seen.length) * 100)} %`
  const group = document.createElement('div')
  group.append(name, value)
  return colored(group, color)
}

function colored(element, color) {
  element.style.setProperty('--server', color)
  return element
}

/** The browser must ask each time (max-age=0); the gateway need not (s-maxage). */
async function watchCache() {
  const response = await fetch('/assets/mark.svg')
  cache.textContent = `Cache-Status: ${response.headers.get('cache-status') ?? 'none'}`
}

setInterval(() => ask().catch(() => {}), 250)
setInterval(() => watchCache().catch(() => {}), 1000)
