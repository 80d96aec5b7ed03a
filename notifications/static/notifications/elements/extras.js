// @ts-check
/** What a person can switch on: a sound, and the desktop's own notifications while the page is hidden. */

import { isSafe } from "./dom.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 */

/** Two notes, as [hertz, seconds after the start]. */
const NOTES = [
  [880, 0],
  [1174.7, 0.12],
]
const NOTE_SECONDS = 0.35
const LOUDEST = 0.12
const SOUND_PAUSE_MS = 3_000

/** @type {AudioContext | undefined} */
let audio
let quietUntil = 0

/** @param {Session} session @param {Notification[]} news */
export function tell(session, news) {
  if (session.options.sound) playSound()
  if (session.options.desktop && document.hidden) for (const each of news) showOnDesktop(session, each)
}

/** Browsers play nothing before the person has done something on the page; then it stays silent. */
export function playSound() {
  if (Date.now() < quietUntil) return
  quietUntil = Date.now() + SOUND_PAUSE_MS
  const context = (audio ??= new AudioContext())
  context.resume().then(() => {
    for (const [hertz, after] of NOTES) playNote(context, hertz, context.currentTime + after)
  })
}

/** @param {AudioContext} context @param {number} hertz @param {number} start */
function playNote(context, hertz, start) {
  const tone = new OscillatorNode(context, { frequency: hertz })
  const volume = new GainNode(context, { gain: 0 })
  // A sudden start or end would click.
  volume.gain.setValueAtTime(0, start)
  volume.gain.linearRampToValueAtTime(LOUDEST, start + 0.015)
  volume.gain.exponentialRampToValueAtTime(0.001, start + NOTE_SECONDS)
  tone.connect(volume).connect(context.destination)
  tone.start(start)
  tone.stop(start + NOTE_SECONDS)
}

/** @param {Session} session @param {Notification} notification */
function showOnDesktop(session, { id, subject, message, url, priority }) {
  if (globalThis.Notification?.permission !== "granted") return
  const options = { body: message, tag: `notification-${id}`, requireInteraction: priority === "critical" }
  try {
    const shown = new globalThis.Notification(subject, { ...options, lang: document.documentElement.lang })
    shown.onclick = () => {
      shown.close()
      window.focus()
      if (id !== undefined) session.markRead([id])
      if (isSafe(url)) location.assign(url)
    }
  } catch {
    // Browsers on telephones allow it only to a service worker.
  }
}
