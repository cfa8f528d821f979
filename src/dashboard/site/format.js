/** A number with three digits that matter: 0.42, 4.2, 42, 4,200, 4.2 M. */
export function number(value) {
  if (value >= 1e6) return `${trim(value / 1e6)}\u00a0M`
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return trim(value)
}

export function percent(share) {
  if (!Number.isFinite(share)) return '–'
  const value = share * 100
  return `${value > 0 && value < 10 ? trim(value) : Math.round(value)}\u00a0%`
}

export function milliseconds(value) {
  if (value === 0) return '–'
  return value >= 1000 ? `${trim(value / 1000)}\u00a0s` : `${trim(value)}\u00a0ms`
}

export function duration(seconds) {
  if (seconds < 60) return `${trim(seconds)}\u00a0s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min ${Math.floor(seconds % 60)}\u00a0s`
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)}\u00a0h ${Math.floor((seconds % 3600) / 60)}\u00a0min`
  return `${Math.floor(seconds / 86_400)}\u00a0d ${Math.floor((seconds % 86_400) / 3600)}\u00a0h`
}

export function bytes(value) {
  for (const [unit, size] of [
    ['GB', 2 ** 30],
    ['MB', 2 ** 20],
    ['kB', 2 ** 10],
  ]) {
    if (value >= size) return `${trim(value / size)}\u00a0${unit}`
  }
  return `${value}\u00a0B`
}

export function plural(count, word, several = `${word}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? word : several}`
}

function trim(value) {
  if (value >= 100) return String(Math.round(value))
  return value >= 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(2).replace(/\.?0+$/, '')
}
