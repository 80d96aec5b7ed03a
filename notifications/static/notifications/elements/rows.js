// @ts-check
/**
 * The list in the centre: rows by id, newest first, and in the place of one that was archived or deleted a few
 * seconds to undo it.
 */

import { announcing } from "./announcer.js"
import { clicked, focused, make, opensHere } from "./dom.js"
import { Item } from "./item.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {{seq: number, view: string, element: HTMLLIElement, undo: () => void}} Ghost
 */

/** As long as the command itself waits. */
export const UNDO_MS = 5_000

/**
 * @param {Session} session
 * @param {string} text what was done
 * @param {string} name its class
 */
export function makeGhost(session, text, name = "ghost") {
  const button = make("button", "text-button", { type: "button", "data-do": "undo" }, session.t("undo"))
  return make("li", name, {}, make("span", "", {}, text), button)
}

export class Rows extends EventTarget {
  element = make("ol", "list", { role: "list" })
  /** @type {Map<number, Item>} */
  #items = new Map()
  /** @type {Map<number, Ghost>} */
  #ghosts = new Map()
  #session
  #view = ""

  /**
   * Events: `changed` (draw again), `lost` (the focus had a row that is gone, and there is no other), `followed`.
   *
   * @param {Session} session
   */
  constructor(session) {
    super()
    this.#session = session
    this.element.addEventListener("click", event => this.#clicked(event))
    this.element.addEventListener("auxclick", event => this.#clicked(event))
  }

  get size() {
    return this.element.childElementCount
  }

  /**
   * @param {string} view
   * @param {Notification[]} rows newest first
   * @param {number} seenSeq those after it are new
   */
  show(view, rows, seenSeq) {
    this.#view = view
    const elements = this.#elements(rows, seenSeq)
    const lost = this.#removeOthers(elements)
    let next = this.element.firstElementChild
    for (const element of elements) {
      // What is in its place is not touched: moving it would take the focus away.
      if (element === next) next = next.nextElementSibling
      else this.element.insertBefore(element, next)
    }
    if (lost !== null) this.focusOn(lost)
  }

  /** The first thing in a row that can have the focus. @param {number} index the last one, where there are fewer */
  focusOn(index) {
    const row = this.element.children[Math.min(index, this.size - 1)]
    const target = row?.querySelector("a[href], button")
    if (target instanceof HTMLElement) target.focus()
    else this.dispatchEvent(new Event("lost"))
  }

  /** @param {Notification[]} rows @param {number} seenSeq @returns {HTMLLIElement[]} */
  #elements(rows, seenSeq) {
    const drawn = rows.map(row => ({ seq: row.seq, element: this.#draw(row, row.seq > seenSeq && !row.read_at) }))
    const ghosts = [...this.#ghosts.values()].filter(ghost => ghost.view === this.#view)
    const all = ghosts.length > 0 ? [...drawn, ...ghosts].sort((a, b) => b.seq - a.seq) : drawn
    return all.map(({ element }) => element)
  }

  /** @param {Notification} row @param {boolean} isNew */
  #draw(row, isNew) {
    let item = this.#items.get(row.id)
    if (!item) this.#items.set(row.id, (item = new Item(this.#session)))
    item.update(row, isNew)
    return item.element
  }

  /** @param {HTMLLIElement[]} elements @returns {?number} the place where the focus was, if it is gone */
  #removeOthers(elements) {
    const kept = new Set(elements)
    const active = focused(this.element)
    let lost = null
    for (const [index, row] of [...this.element.children].entries()) {
      if (!(row instanceof HTMLLIElement) || kept.has(row)) continue
      if (row.contains(active)) lost = index
      row.remove()
      // What takes the place of a deletion that was undone has the same id.
      const id = Number(row.dataset.id)
      if (this.#items.get(id)?.element === row) this.#items.delete(id)
    }
    return lost
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = clicked(event)
    const row = target?.closest("li")
    const id = Number(row?.dataset.id)
    if (!target || !id || (event.type === "auxclick" && (event.button !== 1 || target.dataset.do !== "follow"))) return
    const notification = this.#items.get(id)?.notification
    switch (target.dataset.do) {
      case "undo":
        return this.#ghosts.get(id)?.undo()
      case "mark_unread":
        return this.#session.markUnread([id])
      case "follow":
        if (opensHere(event)) this.dispatchEvent(new Event("followed"))
      // falls through: whoever follows it has read it
      case "mark_read":
        return notification?.read_at ? undefined : this.#session.markRead([id])
      default:
        return notification && this.#remove(notification, target.dataset.do)
    }
  }

  /** @param {Notification} notification @param {string} [action] */
  #remove({ id, seq, read_at }, action) {
    const session = this.#session
    if (action !== "archive" && action !== "delete") return
    const deleted = action === "delete" && session.remove([id])
    if (!deleted) session.archive([id])
    const text = deleted ? session.t("deleted", {}, 1) : session.t("archived")
    const element = makeGhost(session, text)
    element.dataset.id = String(id)
    const end = () => this.#ghosts.get(id)?.element === element && this.#ghosts.delete(id) && this.#changed()
    const timer = setTimeout(end, UNDO_MS)
    const undo = () => {
      clearTimeout(timer)
      if (deleted) deleted.undo()
      else session.unarchive([id])
      // Archiving marked it read, too.
      if (!deleted && !read_at) session.markUnread([id])
      end()
    }
    this.#ghosts.set(id, { seq, view: this.#view, element, undo })
    announcing().say(text)
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("changed"))
  }
}
