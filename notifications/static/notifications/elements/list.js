// @ts-check
/**
 * A list that the server rendered, kept current row by row. Text goes in as text: nothing that a notification says
 * can become markup.
 *
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/stream.js").Change} Change
 * @typedef {{kind: "read", id: number} | {kind: "read-all", upToSeq: number}} Action
 */

export class NotificationList {
  /** @type {HTMLElement} */
  #root
  /** @type {Element} */
  #rows
  /** @type {?HTMLTemplateElement} */
  #template
  #limit

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root
    this.#rows = root.querySelector("[data-notifications-rows]") ?? root
    this.#template = root.querySelector("template")
    this.#limit = Number(root.dataset.limit) || 10
    for (const row of this.#all()) showTime(row)
  }

  /**
   * The buttons work through their form, unless the listener takes the action over.
   *
   * @param {(action: Action) => boolean} listener
   */
  onAction(listener) {
    this.#root.addEventListener("click", event => {
      const button = event.target instanceof Element ? event.target.closest("button") : null
      const action = button && actionOf(button)
      if (action && listener(action)) event.preventDefault()
    })
  }

  /** @param {number} count */
  showCount(count) {
    const button = this.#root.querySelector("[data-notifications-read-all]")
    if (button instanceof HTMLElement) button.hidden = count === 0
  }

  /** @param {Change} change */
  apply(change) {
    if (change.kind === "upsert") this.#upsert(change.notification)
    else if (change.kind === "reset") this.#reset(change.notifications)
    else if (change.kind === "read") for (const row of this.#chosen(change)) setUnread(row, !change.read)
    else if (change.kind === "delete") for (const row of this.#chosen(change)) row.remove()
    this.#tidy()
  }

  /** @returns {HTMLElement[]} */
  #all() {
    return [...this.#rows.querySelectorAll(":scope > [data-id]")].filter(row => row instanceof HTMLElement)
  }

  /** @param {{ids: ?number[], upToSeq: ?number}} which */
  #chosen({ ids, upToSeq }) {
    const chosen = new Set(ids?.map(String))
    return this.#all().filter(row =>
      upToSeq === null ? chosen.has(row.dataset.id ?? "") : Number(row.dataset.seq) <= upToSeq,
    )
  }

  /** @param {Notification[]} notifications */
  #reset(notifications) {
    for (const row of this.#all()) row.remove()
    for (const notification of notifications) this.#upsert(notification)
  }

  /** @param {Notification} notification */
  #upsert(notification) {
    const old = this.#all().find(row => row.dataset.id === String(notification.id))
    if (notification.archived_at) return old?.remove()
    const row = old ?? this.#newRow()
    if (!row) return undefined
    fill(row, notification)
    if (!old) this.#insert(row, notification.seq)
    return undefined
  }

  #newRow() {
    const content = this.#template?.content.firstElementChild
    // Imported, not cloned: a template's content belongs to a document without a page.
    const row = content && this.#root.ownerDocument.importNode(content, true)
    return row instanceof HTMLElement ? row : null
  }

  /** Newest first. @param {HTMLElement} row @param {number} seq */
  #insert(row, seq) {
    const next = this.#all().find(other => Number(other.dataset.seq) < seq)
    this.#rows.insertBefore(row, next ?? null)
  }

  #tidy() {
    const rows = this.#all()
    for (const row of rows.slice(this.#limit)) row.remove()
    const empty = this.#root.querySelector("[data-notifications-empty]")
    if (empty instanceof HTMLElement) empty.hidden = rows.length > 0
    const readAll = this.#root.querySelector("[data-notifications-read-all]")
    if (readAll instanceof HTMLButtonElement && rows[0]) readAll.value = rows[0].dataset.seq ?? ""
  }
}

/** @param {HTMLButtonElement} button @returns {?Action} */
function actionOf(button) {
  if (button.matches("[data-notifications-read-all]")) return { kind: "read-all", upToSeq: Number(button.value) }
  if (button.matches("[data-notifications-read]")) return { kind: "read", id: Number(button.value) }
  return null
}

/** @param {HTMLElement} row @param {Notification} notification */
function fill(row, notification) {
  row.dataset.id = String(notification.id)
  row.dataset.seq = String(notification.seq)
  row.dataset.priority = notification.priority
  for (const field of /** @type {const} */ (["subject", "message"])) {
    const element = row.querySelector(`[data-field=${field}]`)
    if (element) element.textContent = notification[field]
  }
  const link = row.querySelector("a[data-field=subject]")
  if (link && isSafe(notification.url)) link.setAttribute("href", notification.url)
  else link?.removeAttribute("href")
  const button = row.querySelector("[data-notifications-read]")
  if (button instanceof HTMLButtonElement) button.value = String(notification.id)
  row.querySelector("time")?.setAttribute("datetime", notification.created_at)
  showTime(row)
  setUnread(row, !notification.read_at)
}

/** @param {HTMLElement} row @param {boolean} unread */
function setUnread(row, unread) {
  row.toggleAttribute("data-unread", unread)
  const mark = row.querySelector("[data-notifications-unread]")
  if (mark instanceof HTMLElement) mark.hidden = !unread
  const button = row.querySelector("[data-notifications-read]")
  if (!(button instanceof HTMLElement)) return
  // The focus would fall to the top of the page with a button that vanishes.
  if (!unread && button === row.ownerDocument.activeElement) focusOn(row)
  button.hidden = !unread
}

/** @param {HTMLElement} row */
function focusOn(row) {
  row.tabIndex = -1
  row.focus({ preventScroll: true })
}

/** In the page's language and the person's time zone; the server knows neither for certain. @param {HTMLElement} row */
function showTime(row) {
  const time = row.querySelector("time")
  const moment = new Date(time?.getAttribute("datetime") ?? "")
  if (!time || Number.isNaN(moment.getTime())) return
  const language = row.ownerDocument.documentElement.lang || undefined
  time.textContent = moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })
}

/** The server accepts no others; this is the second lock. @param {string} url */
function isSafe(url) {
  return /^(https:\/\/|\/(?![/\\]))/.test(url)
}
