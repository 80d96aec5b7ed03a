// @ts-check
/** What lies under the tabs: the rows of a view, or why there are none. */

import { clicked, focused, icon, make, put, setText } from "./dom.js"
import { Rows } from "./rows.js"

/**
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {import("../client/store.js").View} View
 * @typedef {import("../client/store.js").ViewName} ViewName
 */

const SKELETONS = 4

export class Panel extends EventTarget {
  /** @type {ViewName} */
  #view = "all"
  #session
  #rows
  #fresh = make("button", "fresh", { type: "button" })
  /** Stands before the panel: it lies on its edge, and neither moves nor covers what is being read. */
  fresh = make("div", "edge", {}, this.#fresh)
  #blank = make("div", "blank")
  #more = make("button", "text-button more", { type: "button", "data-do": "more" })

  /**
   * Events: `changed` (draw again), `lost` (the focus was on something that is gone), `followed` (a link).
   *
   * @param {Session} session
   */
  constructor(session) {
    super()
    this.#session = session
    this.#rows = new Rows(session)
    this.element = make("div", "panel", { role: "tabpanel", id: "panel", tabindex: "-1" })
    this.element.append(this.#rows.element, this.#blank, this.#more)
    this.element.addEventListener("click", event => this.#clicked(event))
    this.#fresh.addEventListener("click", () => this.#showFresh())
    for (const name of ["changed", "lost", "followed"]) {
      this.#rows.addEventListener(name, () => this.dispatchEvent(new Event(name)))
    }
  }

  /** @param {ViewName} name */
  show(name) {
    this.#view = name
    this.element.scrollTop = 0
    put(this.element, { "aria-labelledby": `tab-${name}` })
    this.#session.load(name)
  }

  /** @param {number} seenSeq rows after it are new to the person */
  draw(seenSeq) {
    const view = this.#session.store.view(this.#view)
    this.#rows.show(this.#view, view.rows, seenSeq)
    put(this.element, { "aria-busy": String(view.status === "loading") })
    this.#drawFresh(view.fresh)
    this.#drawBlank(view.status)
    this.#drawMore(view)
  }

  /** @param {number} count */
  #drawFresh(count) {
    this.#hide(this.#fresh, count === 0)
    setText(this.#fresh, this.#session.t("fresh", {}, count))
  }

  /** @param {View} view */
  #drawMore({ status, more, error }) {
    const session = this.#session
    this.#hide(this.#more, this.#rows.size === 0 || !(more || error))
    const offer = error ? `${session.t("error")} ${session.t("retry")}` : session.t("more")
    const text = status === "loading" ? session.t("loading") : offer
    setText(this.#more, text)
  }

  /** @param {View["status"]} status */
  #drawBlank(status) {
    const reasons = { ready: this.#view, error: "error", idle: "loading", loading: "loading" }
    const kind = this.#rows.size > 0 ? "" : reasons[status]
    this.#hide(this.#blank, !kind)
    if (this.#blank.dataset.kind === kind) return
    this.#hide(this.#blank, true)
    this.#blank.dataset.kind = kind
    this.#blank.replaceChildren(...this.#explain(kind))
    this.#blank.hidden = !kind
  }

  /** @param {string} kind @returns {Element[]} */
  #explain(kind) {
    const session = this.#session
    if (kind === "loading") return [make("p", "hidden", { role: "status" }, session.t("loading")), ...skeletons()]
    if (kind === "error") {
      const retry = make("button", "text-button", { type: "button", "data-do": "retry" }, session.t("retry"))
      return [icon("critical"), make("p", "error", { role: "alert" }, session.t("error")), retry]
    }
    return kind ? [icon("bell"), make("p", "empty", {}, session.t(`empty_${kind}`))] : []
  }

  /** @param {HTMLElement} element @param {boolean} hidden */
  #hide(element, hidden) {
    if (hidden && element.contains(focused(element))) this.dispatchEvent(new Event("lost"))
    element.hidden = hidden
  }

  /** @param {Event} event */
  #clicked(event) {
    const action = clicked(event)?.dataset.do
    if (action === "retry") this.#session.load(this.#view)
    else if (action === "more") this.#loadMore()
  }

  /** Where the last page was loaded already, what failed was the first. */
  #loadMore() {
    const { more } = this.#session.store.view(this.#view)
    if (more) this.#session.loadMore(this.#view)
    else this.#session.load(this.#view)
  }

  #showFresh() {
    this.#session.showFresh()
    this.dispatchEvent(new Event("changed"))
    this.element.scrollTop = 0
    this.#rows.focusOn(0)
  }
}

function skeletons() {
  return Array.from({ length: SKELETONS }, () =>
    make("div", "skeleton", { "aria-hidden": "true" }, ...Array.from({ length: 3 }, () => make("span", "bar"))),
  )
}
