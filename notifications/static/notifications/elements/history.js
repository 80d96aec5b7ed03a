// @ts-check
/**
 * The history page, as the server rendered it, kept current: its buttons work without loading it anew, and its rows
 * follow what is done elsewhere.
 */

import { announcing } from "./announcer.js"
import { make, setText } from "./dom.js"
import { HistoryRows, idOf } from "./history-rows.js"
import { listenForKeys } from "./keys.js"
import { UNDO_MS, makeGhost } from "./rows.js"
import { adoptPagesSheet } from "./sheets/pages.js"

/**
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {import("../client/stream.js").Change} Change
 */

/** @type {WeakSet<Element>} */
const enhanced = new WeakSet()

/** Where there is such a page, and once. @param {Session} session */
export function enhance(session) {
  const form = document.querySelector("form[data-notifications-history]")
  const list = form?.querySelector("[data-notifications-rows]")
  if (!(form instanceof HTMLFormElement) || !list || enhanced.has(form)) return
  enhanced.add(form)
  adoptPagesSheet()
  new History(form, list, session)
}

class History {
  #form
  #session
  #rows
  #newestSeq
  #showsArchived = new URLSearchParams(location.search).get("state") === "archived"
  /** @type {Set<number>} ids that came after the page */
  #fresh = new Set()
  #pill = make("button", "", { type: "button", class: "notifications-fresh", hidden: true })
  #edge = make("div", "", { class: "notifications-edge" })
  #ended = new AbortController()

  /** @param {HTMLFormElement} form @param {Element} list @param {Session} session */
  constructor(form, list, session) {
    this.#form = form
    this.#session = session
    this.#rows = new HistoryRows(list, session)
    this.#newestSeq = Number(form.dataset.newestSeq)
    this.#edge.append(this.#pill)
    form.before(this.#edge)
    this.#pill.addEventListener("click", () => location.assign(firstPage()))
    form.addEventListener("submit", event => this.#submitted(event))
    for (const name of ["click", "auxclick"]) {
      form.addEventListener(name, event => this.#followed(/** @type {MouseEvent} */ (event)))
    }
    this.#on("change", change => this.#follow(change))
    // Somebody else may be logged in by now: their list is not to be drawn into this page.
    this.#on("problem", ({ code }) => (code === "forbidden" ? location.reload() : code !== "offline" && this.#refresh()))
    this.#on("rows", () => this.#reloadIfEmpty())
    if (session.options.single_keys) listenForKeys(form, this.#rows, session, this.#ended)
  }

  /**
   * Until a page swap takes the form away.
   *
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  #on(name, listener) {
    const { signal } = this.#ended
    const heard = (/** @type {Event} */ event) => {
      if (this.#form.isConnected) listener(/** @type {CustomEvent} */ (event).detail)
      else this.#ended.abort()
    }
    this.#session.addEventListener(name, heard, { signal })
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const value = event.submitter instanceof HTMLButtonElement ? event.submitter.value : ""
    const [action, place] = value.split(":")
    if (action === "mark_all_read") {
      event.preventDefault()
      // What came after the page was drawn is not on it, and stays unread.
      this.#session.markAllRead(Number(place))
      return
    }
    const row = this.#rows.get(Number(place))
    const rows = place === undefined ? this.#rows.checked() : row ? [row] : []
    // Where nothing is checked, the server says so.
    if (rows.length === 0) return
    event.preventDefault()
    this.#act(action, rows)
  }

  /** @param {string} action @param {HTMLElement[]} rows */
  #act(action, rows) {
    const session = this.#session
    const ids = rows.map(idOf)
    if (action === "mark_read" || action === "mark_unread") {
      const unread = action === "mark_unread"
      if (unread) session.markUnread(ids)
      else session.markRead(ids)
      for (const row of rows) this.#rows.setUnread(row, unread)
    } else if (action === "unarchive") {
      session.unarchive(ids)
      this.#rows.takeAway(rows)
    } else this.#takeAway(action === "delete", rows)
    // What is done with them is done: the next click is about others.
    for (const row of rows) {
      const box = row.querySelector("input[name=ids]")
      if (box instanceof HTMLInputElement) box.checked = false
    }
  }

  /** @param {boolean} deletes or archives @param {HTMLElement[]} rows */
  #takeAway(deletes, rows) {
    const session = this.#session
    const ids = rows.map(idOf)
    const unread = rows.filter(row => row.hasAttribute("data-unread")).map(idOf)
    const deleted = deletes ? session.remove(ids) : session.archive(ids)
    const text = deletes ? session.t("deleted", {}, ids.length) : session.t("archived")
    const ghost = makeGhost(session, text, "notifications-ghost")
    const timer = setTimeout(() => this.#rows.removeGhost(ghost), UNDO_MS)
    ghost.querySelector("button")?.addEventListener("click", () => {
      clearTimeout(timer)
      // Too late where the page was hidden meanwhile: then they are deleted.
      const undone = deleted ? deleted.undo() : session.unarchive(ids) === undefined
      // To archive marked them read, too.
      if (!deleted && unread.length > 0) session.markUnread(unread)
      if (undone) this.#rows.putBack(ids)
      this.#rows.removeGhost(ghost)
    })
    this.#rows.takeAway(rows, ghost)
    announcing().say(text)
  }

  /** @param {MouseEvent} event */
  #followed(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href][data-field=subject]") : null
    const row = link?.closest("[data-id]")
    if (!(row instanceof HTMLElement) || (event.type === "auxclick" && event.button !== 1)) return
    if (row.hasAttribute("data-unread")) this.#act("mark_read", [row])
  }

  /** @param {Change} change */
  #follow(change) {
    if (change.kind === "upsert") this.#upsert(change.notification)
    else if (change.kind === "read") {
      for (const row of this.#rows.chosen(change)) this.#rows.setUnread(row, !change.read)
    } else if (change.kind === "delete") this.#rows.takeAway(this.#rows.chosen(change))
    else if (change.kind === "reset") this.#refresh()
  }

  /** @param {import("../client/protocol.js").Notification} notification */
  #upsert(notification) {
    const { id, seq, read_at, archived_at } = notification
    const belongs = !!archived_at === this.#showsArchived
    if (belongs) this.#rows.putBack([id])
    const row = this.#rows.get(id)
    if (row) this.#rows.tell(row, notification)
    if (row) this.#rows.setUnread(row, !read_at)
    if (row && !belongs) this.#rows.takeAway([row])
    if (seq > this.#newestSeq && !archived_at) this.#fresh.add(id)
    setText(this.#pill, this.#session.t("fresh", {}, this.#fresh.size))
    this.#pill.hidden = this.#fresh.size === 0
  }

  /** What the server has is the truth: after a command that failed, or a gap that could not be filled. */
  async #refresh() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null)
    if (!response?.ok || !this.#form.isConnected) return
    const page = new DOMParser().parseFromString(await response.text(), "text/html")
    const form = page.querySelector("form[data-notifications-history]")
    if (!form) return location.reload()
    this.#ended.abort()
    this.#edge.remove()
    this.#form.replaceWith(document.importNode(form, true))
    enhance(this.#session)
  }

  /** The next rows, or the reason why there are none. */
  #reloadIfEmpty() {
    if (this.#rows.empty && this.#session.commands.waiting === 0) location.reload()
  }
}

function firstPage() {
  const url = new URL(location.href)
  url.searchParams.delete("before")
  return url.href
}
