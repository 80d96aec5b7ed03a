import assert from "node:assert/strict"
import { test } from "node:test"

import { popsUp } from "../../notifications/static/notifications/client/wishes.js"

const PRIORITIES = ["low", "medium", "high", "critical"]
const NOW = Date.parse("2026-03-28T12:00:00Z")
const LATER = "2026-03-28T12:00:01Z"
const EARLIER = "2026-03-28T12:00:00Z"

const row = (more = {}) => ({ type: "stock_alert", priority: "medium", target: null, ...more })
/** The priorities that pop up. */
const passing = (wishes, more = {}) => PRIORITIES.filter(priority => popsUp(row({ priority, ...more }), wishes, NOW))

test("who has not chosen anything is told of everything, by hand too", () => {
  assert.deepEqual([passing(undefined), passing({})], [PRIORITIES, PRIORITIES])
  assert.equal(popsUp({ subject: "By hand" }, {}, NOW), true)
  assert.equal(popsUp({ subject: "By hand" }, { priority: "high_or_critical" }, NOW), false)
})

test("less urgent than asked for", () => {
  assert.deepEqual(passing({ priority: "high_or_critical" }), ["high", "critical"])
  assert.deepEqual(passing({ priority: "critical_only" }), ["critical"])
})

test("a pause ends by itself, and lets through what is critical", () => {
  assert.deepEqual(passing({ paused_until: LATER }), ["critical"])
  assert.deepEqual(passing({ paused_until: EARLIER }), PRIORITIES)
})

test("a type that is switched off, or all of them", () => {
  assert.deepEqual(passing({ off: ["stock_alert"] }), [])
  assert.deepEqual(passing({ off: ["order_ready"] }), PRIORITIES)
  assert.deepEqual(passing({ off: [""] }), [])
})

test("a mute is of a type or of a target, and ends", () => {
  const target = { text: "Coffee", url: "", key: "7:3" }
  for (const [mute, more, expected] of [
    [["stock_alert", null], {}, []],
    [["stock_alert", LATER], {}, []],
    [["stock_alert", EARLIER], {}, PRIORITIES],
    [["order_ready", null], {}, PRIORITIES],
    [["7:3", null], { target }, []],
    [["7:3", EARLIER], { target }, PRIORITIES],
    [["7:31", null], { target }, PRIORITIES],
    [["7:3", null], { target: { text: "Coffee", url: "" } }, PRIORITIES],
  ]) {
    assert.deepEqual(passing({ mutes: [["x", null], mute] }, more), expected, JSON.stringify([mute, more]))
  }
})

test("a type that is required passes all but quiet hours", () => {
  const all = { off: [""], mutes: [["stock_alert", null]], paused_until: LATER, priority: "critical_only" }
  assert.deepEqual(passing({ ...all, required: ["stock_alert"] }), PRIORITIES)
  assert.deepEqual(passing({ ...all, required: ["stock_alert"], quiet: ["12:00", "13:00", "UTC"] }), ["critical"])
  assert.deepEqual(passing({ ...all, required: ["order_ready"] }), [])
})

test("quiet hours let through what is critical", () => {
  assert.deepEqual(passing({ quiet: ["12:00", "13:00", "UTC"] }), ["critical"])
  assert.deepEqual(passing({ quiet: ["11:00", "12:00", "UTC"] }), PRIORITIES)
})

// The zones of each habit: whole, half and quarter hours, both hemispheres, half an hour of daylight saving, a day ahead.
const ZONES = [
  "UTC", "Europe/Madrid", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Santiago", "Asia/Kathmandu",
  "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Africa/Casablanca",
]
// When clocks are changed in one of them, and a day without.
const DAYS = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-09-27", "2026-10-04", "2026-10-25", "2026-11-01", "2026-06-15"]
const WINDOWS = [
  ["22:00", "07:00"], ["00:00", "06:30"], ["02:00", "03:00"], ["09:15", "17:45"], ["23:59", "00:00"], ["12:00", "12:00"],
]
const DAY = 1_440

/** Minutes since midnight on a wall there: of UTC's and the offset, which is another way than the module's. */
function wall(zone, moment) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(moment)
  const [, sign = "+", hours = 0, minutes = 0] =
    /GMT(?:([+-])(\d+):(\d+))?/.exec(parts.find(({ type }) => type === "timeZoneName").value)
  const offset = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes))
  return (((Math.floor(moment / 60_000) + offset) % DAY) + DAY) % DAY
}

const minutesOf = text => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
const around = minutes => ((minutes % DAY) + DAY) % DAY

test("quiet hours are those of the wall clock in the person's zone, on every day of the year", () => {
  let [quiet, loud] = [0, 0]
  for (const zone of ZONES) {
    for (const day of DAYS) {
      const midnight = Date.parse(`${day}T00:00:00Z`)
      for (let minutes = -DAY / 2; minutes < 1.5 * DAY; minutes += 47) {
        const moment = midnight + minutes * 60_000
        const time = wall(zone, moment)
        for (const [start, end] of WINDOWS) {
          const [from, to] = [minutesOf(start), minutesOf(end)]
          const expected = around(time - from) < around(to - from)
          const shown = popsUp(row(), { quiet: [start, end, zone] }, moment)
          assert.equal(!shown, expected, `${zone} ${new Date(moment).toISOString()} ${start}-${end}`)
          if (expected) quiet += 1
          else loud += 1
        }
      }
    }
  }
  assert.ok(quiet > 1_000 && loud > 1_000)
})

/** How many minutes of a day are quiet. */
function quietMinutes(zone, day, [start, end]) {
  const midnight = Date.parse(`${day}T00:00:00Z`)
  const minutes = Array.from({ length: DAY }, (_, minute) => midnight + minute * 60_000)
  return minutes.filter(moment => !popsUp(row(), { quiet: [start, end, zone] }, moment)).length
}

test("an hour that is left out is not quiet; one that comes twice is so twice", () => {
  const window = ["02:00", "03:00"]
  const minutes = ["2026-03-28", "2026-03-29", "2026-10-25"].map(day => quietMinutes("Europe/Madrid", day, window))
  assert.deepEqual(minutes, [60, 0, 120])
})

test("a time zone that this browser has not heard of: its own", () => {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  for (let hour = 0; hour < 24; hour++) {
    const moment = NOW + hour * 3_600_000
    const [unknown, own] = ["Mars/Olympus_Mons", timeZone].map(zone => popsUp(row(), { quiet: ["09:00", "17:00", zone] }, moment))
    assert.equal(unknown, own)
  }
})
