// @ts-check
/**
 * The one module of `{% notification_scripts %}`. It defines the elements, and makes the page's bell, toasts, history
 * and preferences live.
 */

import { currentSession } from "./client/session.js"
import { announcing } from "./elements/announcer.js"
import { NotificationBell } from "./elements/bell.js"
import { NotificationCentre } from "./elements/centre.js"
import { tell } from "./elements/extras.js"
import { enhance as enhanceHistory } from "./elements/history.js"
import { enhance as enhancePreferences } from "./elements/preferences.js"
import { NotificationTarget } from "./elements/target.js"
import { NotificationToasts } from "./elements/toasts.js"

/** @typedef {import("./client/session.js").Session} Session */

const SCRIPT = "script[data-notifications-scripts]"

/** @type {WeakSet<Session>} */
const started = new WeakSet()

/** Whenever a bell has come onto the page, and whenever a page was swapped around it. */
function start() {
  const session = currentSession()
  if (!session) return
  if (!document.querySelector("notification-bell")) return end(session)
  showToasts(session)
  enhancePages(session)
  if (!started.has(session)) begin(session)
  session.connect()
}

/** A page without a bell, such as the one after logging out: nothing is for it. @param {Session} session */
function end(session) {
  document.querySelector("notification-toasts")?.remove()
  session.disconnect()
}

/** @param {Session} session */
function begin(session) {
  started.add(session)
  session.addEventListener("news", event => {
    const news = /** @type {CustomEvent} */ (event).detail
    announcing().hear(session, news)
    signal(session, news)
  })
}

/** @param {Session} session @param {import("./client/protocol.js").Notification[]} news */
function signal(session, news) {
  const { sound, desktop } = session.options
  if (sound || desktop) tell(session, news)
}

/** @param {Session} session */
function enhancePages(session) {
  enhanceHistory(session)
  enhancePreferences(session)
}

/** @param {Session} session */
function showToasts(session) {
  const scripts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(SCRIPT)])
  const shown = document.querySelector("notification-toasts")
  if (scripts.at(-1)?.dataset.toasts === "false") return shown?.remove()
  const toasts = shown instanceof NotificationToasts ? shown : new NotificationToasts()
  toasts.join(session)
  if (!toasts.isConnected) document.body.append(toasts)
  return undefined
}

for (const name of ["notifications:connected", "turbo:load", "htmx:load"]) document.addEventListener(name, start)

// A browser without popovers keeps the link that the server rendered.
if ("popover" in HTMLElement.prototype) {
  for (const element of [NotificationCentre, NotificationToasts, NotificationTarget, NotificationBell]) element.define()
}

export { NotificationBell, NotificationCentre, NotificationTarget, NotificationToasts }
