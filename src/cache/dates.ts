const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const IMF = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/
const RFC850 =
  /^(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday), (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/** No date is longer; what is, is not looked at. */
const LONGEST = 40

/**
 * An HTTP-date in any of its three formats (RFC 9110, section 5.6.7), in milliseconds since 1970; undefined
 * when it is none. Case is ignored, and a zone other than GMT is a fault (RFC 9111, section 4.2).
 * `nowMs` tells the century of a year of two digits.
 */
export function parseHttpDate(value: string, nowMs: number): number | undefined {
  const text = value.trim()
  if (text.length > LONGEST) return undefined
  const lower = text.toLowerCase()

  const imf = IMF.exec(lower)
  if (imf !== null) return instant(imf[3]!, imf[2]!, imf[1]!, imf[4]!, imf[5]!, imf[6]!)

  const asctime = ASCTIME.exec(lower)
  if (asctime !== null) {
    return instant(asctime[6]!, asctime[1]!, asctime[2]!, asctime[3]!, asctime[4]!, asctime[5]!)
  }

  const old = RFC850.exec(lower)
  if (old === null) return undefined
  const thisYear = new Date(nowMs).getUTCFullYear()
  let year = thisYear - (thisYear % 100) + Number(old[3])
  if (year > thisYear + 50) year -= 100
  return instant(String(year), old[2]!, old[1]!, old[4]!, old[5]!, old[6]!)
}

/** The preferred format: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

function instant(
  year: string,
  month: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | undefined {
  const monthIndex = MONTHS.indexOf(month)
  const dayOfMonth = Number(day)
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
  if (monthIndex < 0 || dayOfMonth < 1 || hours > 23 || minutes > 59 || seconds > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), monthIndex, dayOfMonth)
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== dayOfMonth) return undefined
  date.setUTCHours(hours, minutes, seconds)
  return date.getTime()
}
