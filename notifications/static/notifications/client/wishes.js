// @ts-check
/**
 * Whether a notification may pop up, by what the person has chosen: asked in the moment in which it would. It is listed
 * and counted in any case. The server writes into the page what differs from "everything may".
 *
 * @typedef {object} Wishes
 * @property {"high_or_critical" | "critical_only"} [priority] what is less urgent does not
 * @property {[start: string, end: string, zone: string]} [quiet] `HH:MM`, in a time zone; it may span midnight
 * @property {string} [paused_until] ISO 8601
 * @property {string[]} [off] types that do not, `""` for all of them
 * @property {string[]} [required] types that only quiet hours hold back
 * @property {[what: string, until: ?string][]} [mutes] a type, or the `key` of a target
 */

/**
 * @param {Partial<import("./protocol.js").Notification>} notification one that was sent by hand has what it was given
 * @param {Wishes} [wishes]
 * @param {number} [now] milliseconds
 */
export function popsUp({ type = "", priority, target }, wishes = {}, now = Date.now()) {
  const { quiet, off = [], required = [], mutes = [] } = wishes
  const critical = priority === "critical"
  if (!critical && quiet && isQuiet(quiet, now)) return false
  if (required.includes(type)) return true
  if (off.includes(type) || off.includes("")) return false
  /** @param {?string} [until] forever, where there is none */
  const lasts = until => !until || Date.parse(until) > now
  if (mutes.some(([what, until]) => (what === type || what === target?.key) && lasts(until))) return false
  if (critical) return true
  if (wishes.paused_until && lasts(wishes.paused_until)) return false
  return !wishes.priority || (wishes.priority === "high_or_critical" && priority === "high")
}

/** @param {[start: string, end: string, zone: string]} quiet @param {number} now */
function isQuiet([start, end, zone], now) {
  const time = clock(now, zone)
  return start <= end ? start <= time && time < end : start <= time || time < end
}

/** @param {number} now @param {string} [timeZone] @returns {string} `HH:MM`, as a clock on the wall there shows it */
function clock(now, timeZone) {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeStyle: "short", hourCycle: "h23", timeZone }).format(now)
  } catch {
    return clock(now) // a zone that this browser has not heard of: its own is the best guess
  }
}
