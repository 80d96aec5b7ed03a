// @ts-check
/**
 * `<notification-bell>`: a button with the number of unread notifications, which opens the centre. The link in it is
 * what the page has where no script runs; this takes its place without moving anything.
 */

import { sessionOf } from "../client/session.js"
import { announcing } from "./announcer.js"
import { NotificationCentre } from "./centre.js"
import { icon, make, put, setText } from "./dom.js"
import { centreSheet } from "./sheets/centre.js"
import { theme } from "./sheets/theme.js"

/** @typedef {import("../client/session.js").Session} Session */

const MOST_SHOWN = 99

export class NotificationBell extends HTMLElement {
  static define(name = "notification-bell", registry = customElements) {
    if (!registry.get(name)) registry.define(name, this)
  }

  #abort = new AbortController()
  #badge = make("span", "badge", { "aria-hidden": "true" })
  #button
  /** @type {?Session} */
  #session = null
  /** @type {?NotificationCentre} */
  #centre = null

  constructor() {
    super()
    // A site's own drawing: an element of the bell with slot="icon".
    const drawing = make("slot", "", { name: "icon" }, icon("bell"))
    const expands = { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" }
    this.#button = make("button", "bell", expands, drawing, this.#badge)
    const root = this.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = [theme(), centreSheet()]
    root.append(this.#button)
  }

  get session() {
    return this.#session
  }

  connectedCallback() {
    const session = sessionOf(this)
    if (session !== this.#session) this.#join(session)
    this.#abort = new AbortController()
    const { signal } = this.#abort
    session.addEventListener("count", () => this.#showCount(), { signal })
    session.addEventListener("state", () => this.#showState(), { signal })
    // Whoever comes near will open it: what it shows is there then.
    for (const name of ["pointerenter", "focus"]) {
      this.#button.addEventListener(name, () => session.load("all"), { signal })
    }
    this.#centre?.addEventListener("beforetoggle", event => this.#toggling(event), { signal })
    this.#showCount()
    this.#showState()
    announcing().attach()
    this.dispatchEvent(new CustomEvent("notifications:connected", { bubbles: true, detail: session }))
  }

  disconnectedCallback() {
    this.#abort.abort()
  }

  /** @param {FocusOptions} [options] */
  focus(options) {
    this.#button.focus(options)
  }

  open() {
    if (!this.#centre?.matches(":popover-open")) this.#button.click()
  }

  /** @param {Session} session */
  #join(session) {
    this.#centre?.remove()
    this.#session = session
    this.#centre = new NotificationCentre(session, this.#button)
    this.shadowRoot?.append(this.#centre)
    // The browser's own: it opens and closes, and a click on it is none outside.
    this.#button.popoverTargetElement = this.#centre
  }

  /** @param {ToggleEvent} event */
  #toggling(event) {
    put(this.#button, { "aria-expanded": String(event.newState === "open") })
  }

  #showCount() {
    const session = this.#session
    if (!session) return
    const { count } = session
    const text = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count)
    setText(this.#badge, text)
    this.#badge.hidden = count === 0
    put(this.#button, { "aria-label": count ? session.t("bell", {}, count) : session.t("bell_none") })
    if ("titleCount" in this.dataset) showInTitle(count, text)
  }

  #showState() {
    this.dataset.state = this.#session?.state
  }
}

/** @param {number} count @param {string} text */
function showInTitle(count, text) {
  const title = document.title.replace(/^\(\d+\+?\) /, "")
  document.title = count ? `(${text}) ${title}` : title
}
