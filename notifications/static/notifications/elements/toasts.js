// @ts-check
/**
 * `<notification-toasts>`: what is new pops up for some seconds. It is in the top layer, so it is seen over the site's
 * own dialogs; while one is open nobody can reach it, so its time stands still.
 */

import { problemText } from "./centre.js"
import { clicked, focused, icon, iconButton, isSafe, make, opensHere, put, setText } from "./dom.js"
import { makeWords } from "./item.js"
import { ToastQueue } from "./queue.js"
import { theme } from "./sheets/theme.js"
import { toastsSheet } from "./sheets/toasts.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {(notification: Notification) => void} Say what it says now
 * @typedef {{element: HTMLLIElement, critical: boolean, leftMs: number, id?: number, known?: boolean, say?: Say}} Toast
 */

const SHOWN_MS = new Map([
  ["high", 10_000],
  ["critical", Infinity],
])
const OTHERS_SHOWN_MS = 6_000
const TICK_MS = 250

export class NotificationToasts extends HTMLElement {
  static define(name = "notification-toasts", registry = customElements) {
    if (!registry.get(name)) registry.define(name, this)
  }

  /** @type {?Session} */
  #session = null
  /** @type {ToastQueue<Toast>} */
  #queue = new ToastQueue()
  #list = make("ol", "list", { role: "list" })
  #more = make("a", "more", { "data-do": "open" })
  #abort = new AbortController()
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer
  #tickedAt = 0
  /** @type {?HTMLElement} what had the focus before it came here */
  #cameFrom = null

  constructor() {
    super()
    const root = this.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = [theme(), toastsSheet()]
    root.append(this.#list, this.#more)
    for (const name of ["click", "auxclick"]) {
      root.addEventListener(name, event => this.#clicked(/** @type {MouseEvent} */ (event)))
    }
    this.addEventListener("focusin", ({ relatedTarget: from }) => {
      if (from instanceof HTMLElement && from !== this) this.#cameFrom = from
    })
  }

  connectedCallback() {
    // Manual: it neither closes other popovers nor is closed by them.
    this.popover = "manual"
    this.#follow()
    this.#draw()
  }

  disconnectedCallback() {
    this.#abort.abort()
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** @param {Session} session */
  join(session) {
    if (session === this.#session) return
    this.#session = session
    put(this, { role: "region", "aria-label": session.t("toasts") })
    this.#queue.clear()
    if (this.isConnected) this.connectedCallback()
  }

  #follow() {
    this.#abort.abort()
    this.#abort = new AbortController()
    const { signal } = this.#abort
    /** @type {(name: string, listener: (detail: any) => void) => void} */
    const on = (name, listener) =>
      this.#session?.addEventListener(name, event => listener(/** @type {CustomEvent} */ (event).detail), { signal })
    on("news", news => this.#hear(news))
    on("problem", problem => this.#tell(problem))
    on("rows", () => this.#keepUp())
    on("state", state => state === "signed-out" && this.#clear())
    on("centre", open => open && this.#clear())
    // A modal dialog that opens lies above what was there before.
    const dialogs = new MutationObserver(records => {
      const opened = records.some(({ target }) => target instanceof Element && target.matches(":modal"))
      if (opened && this.#timer) this.#raise()
    })
    dialogs.observe(document, { subtree: true, attributeFilter: ["open"] })
    signal.addEventListener("abort", () => dialogs.disconnect())
  }

  /** @param {Notification[]} news */
  #hear(news) {
    const session = this.#session
    if (!session || session.store.hold) return
    for (const notification of news) this.#queue.add(makeToast(session, notification))
    this.#draw()
  }

  /** @param {{code: string, message: string}} problem */
  #tell({ code, message }) {
    const session = this.#session
    if (!session || session.store.hold) return
    const text = make("p", "", { role: "alert" }, problemText(session, code, message))
    this.#queue.add({ element: wrap(session, [text], "critical"), critical: false, leftMs: OTHERS_SHOWN_MS })
    this.#draw()
  }

  /** What was read or deleted elsewhere needs nobody's eyes here; what was sent again says so, and its time runs on. */
  #keepUp() {
    for (const toast of this.#queue.shown) {
      const row = toast.id === undefined ? null : this.#session?.store.row(toast.id)
      if (row) toast.known = true
      if (row) toast.say?.(row)
      if (row ? row.read_at || row.archived_at : toast.known) this.#queue.remove(toast)
    }
    this.#draw()
  }

  #clear() {
    this.#queue.clear()
    this.#draw()
  }

  #draw() {
    const { shown, others } = this.#queue
    const wanted = shown.map(({ element }) => element)
    const hadFocus = this.#list.contains(focused(this.#list))
    for (const element of [...this.#list.children]) if (!wanted.some(each => each === element)) element.remove()
    // New ones come last, which is on top: those that are there stay where they are.
    for (const element of wanted) if (!element.isConnected) this.#list.append(element)
    this.#drawMore(others)
    if (hadFocus && !focused(this.#list)) this.#focusNext()
    if (shown.length > 0 && !this.#timer) this.#start()
    else if (shown.length === 0 && this.#timer) this.#stop()
  }

  /** @param {number} others */
  #drawMore(others) {
    const session = this.#session
    this.#more.hidden = others === 0
    if (!session || others === 0) return
    setText(this.#more, session.t("toasts_more", {}, others))
    put(this.#more, { href: isSafe(session.urls.history) ? session.urls.history : "#" })
  }

  #focusNext() {
    const back = this.#cameFrom?.isConnected ? this.#cameFrom : document.querySelector("notification-bell")
    const next = this.#list.querySelector("button") ?? back
    if (next instanceof HTMLElement) next.focus()
  }

  #start() {
    this.#tickedAt = performance.now()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#raise()
  }

  #stop() {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.matches(":popover-open")) this.hidePopover()
  }

  /** To the top of the top layer. */
  #raise() {
    if (this.matches(":popover-open")) this.hidePopover()
    this.showPopover()
  }

  #tick() {
    const now = performance.now()
    if (!this.#isPaused()) {
      this.#queue.pass(now - this.#tickedAt)
      this.#draw()
    }
    this.#tickedAt = now
  }

  /** Nobody sees it, somebody is reading it, or nobody can reach it. */
  #isPaused() {
    // On a touch screen the last place touched would count as hovered.
    const hovered = this.matches(":hover") && matchMedia("(hover: hover)").matches
    const attended = hovered || this.matches(":focus-within")
    return attended || document.hidden || document.querySelector("dialog:modal") !== null
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = clicked(event)
    const action = target?.dataset.do
    if (action === "open") return this.#open(event)
    const toast = this.#queue.shown.find(({ element }) => target && element.contains(target))
    if (!toast || (event.type === "auxclick" && (event.button !== 1 || action !== "follow"))) return
    if (action === "follow" && toast.id !== undefined) this.#session?.markRead([toast.id])
    this.#queue.remove(toast)
    // The link is followed first.
    setTimeout(() => this.#draw())
  }

  /** The centre shows them all; without a bell on the page, the link leads to the history. @param {MouseEvent} event */
  #open(event) {
    const bell = document.querySelector("notification-bell")
    if (!opensHere(event) || !bell || !("open" in bell) || typeof bell.open !== "function") return
    event.preventDefault()
    bell.open()
  }
}

/** @param {Session} session @param {Notification} notification @returns {Toast} */
function makeToast(session, notification) {
  const { id, priority } = notification
  const { parts, say } = makeWords(session)
  say(notification)
  const drawing = priority === "high" || priority === "critical" ? priority : "bell"
  if (drawing !== "bell") parts.unshift(make("p", "priority", {}, session.t(`priority_${drawing}`)))
  const element = wrap(session, parts, drawing)
  put(element, { "data-priority": priority })
  const leftMs = SHOWN_MS.get(priority) ?? OTHERS_SHOWN_MS
  return { element, id, critical: priority === "critical", leftMs, say }
}

/** @param {Session} session @param {HTMLElement[]} parts @param {"bell" | "high" | "critical"} drawing */
function wrap(session, parts, drawing) {
  const mark = make("span", "mark", {}, icon(drawing))
  return make("li", "toast", {}, mark, make("div", "body", {}, ...parts), iconButton("close", session.t("close")))
}
