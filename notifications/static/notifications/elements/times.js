// @ts-check
/** Relative times, in the page's language. One timer for all of them. */

const TICK_MS = 20_000

/** @type {[Intl.RelativeTimeFormatUnit, number][]} the unit, and how many seconds it has */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
]

const LONGEST_RELATIVE_SECONDS = 7 * 86_400

/** @type {Set<HTMLTimeElement>} */
const shown = new Set()
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer

/**
 * @param {Date} moment
 * @param {number} now milliseconds
 * @param {string} [language]
 * @returns {string} "5 minutes ago"; after a week the date
 */
function relativeTime(moment, now, language) {
  // A clock that is behind the server's would show the future.
  const seconds = Math.max(0, (now - moment.getTime()) / 1000)
  if (seconds > LONGEST_RELATIVE_SECONDS) {
    const year = moment.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric"
    return moment.toLocaleDateString(language, { day: "numeric", month: "short", year })
  }
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" })
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", Infinity]
  return format.format(-Math.floor(seconds / size) || 0, unit)
}

/** @returns {string | undefined} the page's; undefined, the browser's, where it names none that there is */
function pageLanguage() {
  try {
    return Intl.getCanonicalLocales(document.documentElement.lang || undefined)[0]
  } catch {
    return undefined
  }
}

/** Shows it, and keeps it current as long as it is on the page. @param {HTMLTimeElement} element @param {string} iso */
export function showTime(element, iso) {
  const moment = new Date(iso)
  if (Number.isNaN(moment.getTime())) return
  const language = pageLanguage()
  element.dateTime = iso
  element.title = moment.toLocaleString(language, { dateStyle: "full", timeStyle: "short" })
  write(element, moment, language)
  shown.add(element)
  if (timer) return
  timer = setInterval(tick, TICK_MS)
  document.addEventListener("visibilitychange", tick)
}

function tick() {
  if (document.hidden) return
  const language = pageLanguage()
  for (const element of shown) {
    if (element.isConnected) write(element, new Date(element.dateTime), language)
    else shown.delete(element)
  }
  if (shown.size > 0) return
  clearInterval(timer)
  timer = undefined
  document.removeEventListener("visibilitychange", tick)
}

/** @param {HTMLTimeElement} element @param {Date} moment @param {string} [language] */
function write(element, moment, language) {
  const text = relativeTime(moment, Date.now(), language)
  if (element.textContent !== text) element.textContent = text
}
