// @ts-check
/** Keeps the server-rendered bell and list of a page current. Without a bell on the page it does nothing. */

import { NotificationList } from "./list.js"

/** @typedef {typeof import("../client/manager.js").WebSocketNotificationManager} Manager */

const BELL = "[data-notifications-bell]"
const LIST = "[data-notifications-list]"

/**
 * @param {Document} document
 * @param {Manager} Manager
 */
export function start(document, Manager) {
  const bells = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(BELL)])
  if (bells.length === 0) return null
  const lists = [...document.querySelectorAll(LIST)].map(
    element => new NotificationList(/** @type {HTMLElement} */ (element)),
  )
  const { wsUrl, apiUrl, userId, rev, epoch } = bells[0].dataset
  const manager = new Manager({
    wsUrl,
    apiUrl,
    userId,
    since: rev ? Number(rev) : null,
    epoch,
    onCount: count => {
      for (const bell of bells) showCount(bell, count)
      for (const list of lists) list.showCount(count)
    },
    onChange: change => {
      for (const list of lists) list.apply(change)
    },
    onNotification: notification => announce(document, notification.subject),
    onConnect: () => setState(bells, "live"),
    onDisconnect: () => setState(bells, manager.state),
  })
  for (const list of lists) list.onAction(action => carryOut(manager, action))
  const view = document.defaultView
  view?.addEventListener("online", () => manager.resume())
  view?.addEventListener("pageshow", event => event.persisted && manager.resume())
  manager.connect()
  return manager
}

/** @param {HTMLElement} bell @param {number} count */
function showCount(bell, count) {
  const { labelNone = "", labelOne = "", labelMany = "" } = bell.dataset
  const number = bell.querySelector("[data-notifications-count]")
  const label = bell.querySelector("[data-notifications-label]")
  if (number instanceof HTMLElement) {
    number.textContent = count > 99 ? "99+" : String(count)
    number.hidden = count === 0
  }
  const text = count === 0 ? labelNone : count === 1 ? labelOne : labelMany
  if (label) label.textContent = text.replace("{count}", String(count))
}

/** @param {HTMLElement[]} bells @param {string} state */
function setState(bells, state) {
  for (const bell of bells) bell.dataset.state = state
}

/** Said politely by screen readers; shown nowhere. @param {Document} document @param {string} subject */
function announce(document, subject) {
  const announcer = document.querySelector("[data-notifications-announcer]")
  if (announcer) announcer.textContent = subject
}

/**
 * @param {InstanceType<Manager>} manager
 * @param {import("./list.js").Action} action
 * @returns {boolean} whether it was sent; otherwise the button's form does it
 */
function carryOut(manager, action) {
  return action.kind === "read" ? manager.markRead(action.id) : manager.markAllRead(action.upToSeq)
}
