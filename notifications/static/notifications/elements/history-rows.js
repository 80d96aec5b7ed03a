// @ts-check
/** The rows of the history page, as the server rendered them: found, marked, taken away and put back. */

import { isSafe, make, put, setText } from "./dom.js"
import { showCount } from "./item.js"
import { showTime } from "./times.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 */

export class HistoryRows {
  #list
  #session
  /** @type {Map<number, HTMLElement>} by id: they may come back */
  #away = new Map()

  /** @param {Element} list @param {Session} session */
  constructor(list, session) {
    this.#list = list
    this.#session = session
    for (const row of this.all()) {
      row.tabIndex = -1
      const time = row.querySelector("time")
      if (time) showTime(time, time.dateTime)
    }
  }

  /** @returns {HTMLElement[]} */
  all() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(":scope > [data-id]")])
  }

  /** Whether nothing is left, nor anything to undo. */
  get empty() {
    return this.#list.childElementCount === 0
  }

  /** @param {number} id */
  get(id) {
    return this.all().find(row => idOf(row) === id)
  }

  checked() {
    return this.all().filter(row => row.querySelector("input:checked"))
  }

  /** @param {{ids: ?number[], upToSeq: ?number}} which */
  chosen({ ids, upToSeq }) {
    return this.all().filter(row => (ids ? ids.includes(idOf(row)) : Number(row.dataset.seq) <= (upToSeq ?? 0)))
  }

  /** @param {HTMLElement} row @param {boolean} unread */
  setUnread(row, unread) {
    if (row.hasAttribute("data-unread") === unread) return
    row.toggleAttribute("data-unread", unread)
    for (const mark of row.querySelectorAll(".notifications-dot, [data-field=unread]")) mark.remove()
    const link = row.querySelector("[data-field=subject]")
    if (unread && link) link.before(...this.#marks())
    const [from, to] = unread ? ["mark_unread", "mark_read"] : ["mark_read", "mark_unread"]
    const button = row.querySelector(`button[value^="${from}:"]`)
    if (!(button instanceof HTMLButtonElement)) return
    button.value = `${to}:${row.dataset.id}`
    button.textContent = this.#session.t(to)
  }

  /** It was sent once more, and may have other words now. @param {HTMLElement} row @param {Notification} notification */
  tell(row, { count = 1, subject, message, url }) {
    const [mark, link, text] = ["count", "subject", "message"].map(name => row.querySelector(`[data-field=${name}]`))
    if (!mark || !link || Number(mark.textContent?.slice(1) || 1) === count) return
    showCount(mark, this.#session, count)
    setText(link, subject)
    put(link, { href: isSafe(url) && url })
    if (text) setText(text, message)
  }

  #marks() {
    const dot = make("span", "", { class: "notifications-dot", "aria-hidden": "true" })
    const hidden = { class: "notifications-hidden", "data-field": "unread" }
    const text = make("span", "", hidden, `${this.#session.t("unread")}: `)
    return [dot, text]
  }

  /** @param {HTMLElement[]} rows @param {?HTMLElement} [instead] takes the place of the first */
  takeAway(rows, instead = null) {
    const hadFocus = rows.some(row => row.contains(document.activeElement))
    const next = instead ?? this.#neighbour(rows)
    if (instead) rows[0]?.before(instead)
    for (const row of rows) {
      for (const box of row.querySelectorAll("input")) box.checked = false
      this.#away.set(idOf(row), row)
      row.remove()
    }
    if (hadFocus) focusIn(next ?? this.#list)
  }

  /** @param {number[]} ids */
  putBack(ids) {
    for (const id of ids) {
      const row = this.#away.get(id)
      this.#away.delete(id)
      if (row) this.#list.insertBefore(row, this.#olderThan(row))
    }
  }

  /** @param {HTMLElement} ghost */
  removeGhost(ghost) {
    const next = ghost.nextElementSibling ?? ghost.previousElementSibling
    const hadFocus = ghost.contains(document.activeElement)
    ghost.remove()
    if (hadFocus) focusIn(next ?? this.#list)
  }

  /** @param {HTMLElement} row */
  #olderThan(row) {
    return this.all().find(other => Number(other.dataset.seq) < Number(row.dataset.seq)) ?? null
  }

  /** @param {HTMLElement[]} rows */
  #neighbour(rows) {
    const all = this.all()
    const left = all.slice(all.indexOf(rows[0])).find(row => !rows.includes(row))
    return left ?? all.findLast(row => !rows.includes(row))
  }
}

/** @param {HTMLElement} row */
export const idOf = row => Number(row.dataset.id)

/** @param {Element} element a row, what stands for one, or the list */
function focusIn(element) {
  const button = element.querySelector("[data-do=undo]") ?? element
  if (!(button instanceof HTMLElement)) return
  if (button.tabIndex < 0) button.tabIndex = -1
  button.focus({ preventScroll: true })
}
