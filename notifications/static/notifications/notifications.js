// @ts-check
/**
 * The one module of `{% notification_scripts %}`. It defines the elements, and makes the page's bell, toasts, history
 * and preferences live.
 */

import { currentSession } from "./client/session.js"
import { announcing } from "./elements/announcer.js"
import { NotificationBell } from "./elements/bell.js"
import { NotificationCentre } from "./elements/centre.js"
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
  showToasts(session)
  enhancePages(session)
  if (!started.has(session)) begin(session)
}

/** @param {Session} session */
function begin(session) {
  started.add(session)
  session.addEventListener("news", event => {
    const news = /** @type {CustomEvent} */ (event).detail
    announcing().hear(session, news)
    signal(session, news)
  })
  session.connect()
}

// What few pages or few people need is loaded where it is needed.

/** @param {Session} session @param {import("./client/protocol.js").Notification[]} news */
async function signal(session, news) {
  const { sound, desktop } = session.options
  if (sound || desktop) (await import("./elements/extras.js")).tell(session, news)
}

/** @param {Session} session */
async function enhancePages(session) {
  if (document.querySelector("[data-notifications-history]")) (await import("./elements/history.js")).enhance(session)
  if (document.querySelector("[data-notifications-preferences]")) {
    (await import("./elements/preferences.js")).enhance(session)
  }
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
