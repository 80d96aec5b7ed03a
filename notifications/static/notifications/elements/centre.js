// @ts-check
/**
 * `<notification-centre>`: what the bell opens. A popover of the browser's, so Escape and a click elsewhere close it,
 * and the focus goes back to the bell.
 */

import { clicked, focused, icon, iconButton, isSafe, make, put, setText } from "./dom.js"
import { Panel } from "./panel.js"
import { placeBeside } from "./place.js"
import { Tabs } from "./tabs.js"

/**
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {import("../client/store.js").ViewName} ViewName
 */

const VIEWS = /** @type {ViewName[]} */ (["all", "unread", "read"])
const NOTICE_MS = 6_000
const STATES = new Map([
  ["polling", "state_polling"],
  ["reconnecting", "state_reconnecting"],
  ["signed-out", "state_signed_out"],
])

/** The bell makes it, in its own shadow root. */
export class NotificationCentre extends HTMLElement {
  static define(name = "notification-centre", registry = customElements) {
    if (!registry.get(name)) registry.define(name, this)
  }

  #session
  #bell
  #panel
  #tabs
  #readAll
  #state = make("p", "state", { role: "status" })
  /** Rows after it are new to the person. */
  #seenSeq = 0
  #hadFocus = false
  #notice = ""
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer
  #frame = 0
  #abort = new AbortController()

  /** @param {Session} session @param {HTMLElement} bell */
  constructor(session, bell) {
    super()
    this.#session = session
    this.#bell = bell
    const names = VIEWS.map(name => /** @type {[ViewName, string]} */ ([name, session.t(`tab_${name}`)]))
    this.#panel = new Panel(session)
    this.#tabs = new Tabs(names, { "aria-labelledby": "title" }, name => this.#show(name))
    const readAll = session.t("mark_all_read")
    this.#readAll = iconButton("mark_all_read", readAll)
    put(this.#readAll, { class: "text-button read-all", part: "text-button read-all" })
    this.#readAll.append(make("span", "", {}, readAll))
    const title = make("h2", "title", { id: "title" }, session.t("title"))
    const header = make("div", "header", {}, title, this.#readAll, iconButton("close", session.t("close")))
    const footer = make("div", "footer", {}, ...links(session))
    put(this, { part: "centre", popover: "auto", role: "dialog", "aria-labelledby": "title", tabindex: "-1" })
    this.append(header, this.#tabs.element, this.#state, this.#panel.fresh, this.#panel.element, footer)
    this.#listen()
  }

  connectedCallback() {
    this.#abort = new AbortController()
    const { signal } = this.#abort
    const session = this.#session
    for (const name of ["rows", "state", "count"]) session.addEventListener(name, () => this.#drawSoon(), { signal })
    session.addEventListener("problem", event => this.#tell(/** @type {CustomEvent} */ (event).detail), { signal })
    window.addEventListener("resize", () => placeBeside(this, this.#bell), { signal })
  }

  disconnectedCallback() {
    this.#abort.abort()
    this.#hold(false)
  }

  get isOpen() {
    return this.matches(":popover-open")
  }

  #listen() {
    this.addEventListener("beforetoggle", event => (event.newState === "open" ? this.#opening() : this.#closing()))
    this.addEventListener("toggle", event => (event.newState === "open" ? this.#opened() : this.#closed()))
    this.addEventListener("click", event => this.#clicked(event))
    this.addEventListener("focusout", event => this.#focusLeft(event))
    this.#panel.addEventListener("changed", () => this.#draw())
    this.#panel.addEventListener("lost", () => this.#tabs.focus())
    this.#panel.addEventListener("followed", () => this.hidePopover())
  }

  #opening() {
    this.#seenSeq = this.#session.seenSeq
    this.#hold(true)
    placeBeside(this, this.#bell)
    this.#show(this.#tabs.current)
  }

  #opened() {
    this.#session.markSeen()
    if (!this.contains(focused(this))) this.#tabs.focus()
  }

  #closing() {
    this.#hadFocus = this.contains(focused(this))
  }

  /** The browser would give the focus back to the element around this shadow root, which cannot have it. */
  #closed() {
    this.#hold(false)
    if (this.#hadFocus || document.activeElement === document.body) this.#bell.focus({ preventScroll: true })
  }

  /** New rows wait, and nothing pops up, as long as it is open. @param {boolean} on */
  #hold(on) {
    if (this.#session.store.hold === on) return
    this.#session.hold(on)
    this.#session.dispatchEvent(new CustomEvent("centre", { detail: on }))
  }

  /** Who tabs on has left it, and it would cover what has the focus now. @param {FocusEvent} event */
  #focusLeft(event) {
    const to = event.relatedTarget
    if (to instanceof Node && !this.contains(to) && to !== this.#bell && this.isOpen) this.hidePopover()
  }

  /** @param {Event} event */
  #clicked(event) {
    const action = clicked(event)?.dataset.do
    if (action === "close") this.hidePopover()
    else if (action === "mark_all_read" && this.#session.count > 0) this.#session.markAllRead()
  }

  /** @param {ViewName} name */
  #show(name) {
    this.#panel.show(name)
    this.#draw()
  }

  /** Once per frame, however much comes in. */
  #drawSoon() {
    if (this.isOpen) this.#frame ||= requestAnimationFrame(() => this.#draw())
  }

  #draw() {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const { count } = this.#session
    this.#panel.draw(this.#seenSeq)
    this.#tabs.setNumber("unread", count > 0 ? String(count) : "")
    // Not hidden: the focus may be on it.
    put(this.#readAll, { "aria-disabled": String(count === 0) })
    this.#drawState()
  }

  #drawState() {
    const key = STATES.get(this.#session.state)
    const text = this.#notice || (key ? this.#session.t(key) : "")
    this.#state.hidden = !text
    setText(this.#state, text)
  }

  /** @param {{code: string, message: string}} problem */
  #tell({ code, message }) {
    this.#notice = problemText(this.#session, code, message)
    clearTimeout(this.#noticeTimer)
    this.#noticeTimer = setTimeout(() => {
      this.#notice = ""
      this.#drawState()
    }, NOTICE_MS)
    this.#drawState()
  }
}

/** @param {Session} session @param {string} code @param {string} message */
export function problemText(session, code, message) {
  return code === "offline" ? session.t("offline") : session.t("failed", { reason: message })
}

/** Those of the pages that the site has. @param {Session} session */
function links(session) {
  const { history, preferences } = session.urls
  const label = session.t("preferences")
  const names = { href: preferences, "aria-label": label, title: label }
  return [
    isSafe(history) && make("a", "text-button", { href: history }, session.t("history")),
    isSafe(preferences) && make("a", "icon-button", names, icon("preferences")),
  ].filter(link => link !== false)
}
