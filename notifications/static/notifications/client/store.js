// @ts-check
/**
 * What this document knows of the inbox: rows as the server has them, and over them what commands will have done.
 *
 * A view is complete down to its floor, the `next_before` of its last page: rows that are known but lie below it are
 * not shown, since others between them are missing. Rows of a page may be newer than the stream, or older than what was
 * heard while the page was on its way: a row's `rev` decides. No network, no page.
 *
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {import("./stream.js").Change} Change
 * @typedef {import("./api.js").Command} Command
 * @typedef {import("./views.js").ViewName} ViewName
 * @typedef {import("./views.js").View} View
 * @typedef {import("./views.js").Token} Token
 */

import { isUnread, Overlays } from "./overlays.js"
import { BELONGS, NAMES, unloaded } from "./views.js"

/** A document that stays open for weeks: older rows can be loaded again. */
const MOST_ROWS = 2_000
const TRIMMED_AT_ONCE = 200

export class Store {
  /** @type {Map<number, Notification>} */
  #rows = new Map()
  #views = { all: unloaded(), unread: unloaded(), read: unloaded() }
  /** @type {Map<ViewName, Token>} */
  #loads = new Map()
  #overlays = new Overlays()
  #count
  #seenSeq
  #epoch
  #rev
  #newest
  #hold = false
  /** While on hold, rows after this one wait. */
  #shownTo = 0

  /** @param {{count?: number, seenSeq?: number, epoch?: string, rev?: number}} [rendered] */
  constructor({ count = 0, seenSeq = 0, epoch = "", rev = 0 } = {}) {
    this.#count = count
    this.#seenSeq = seenSeq
    this.#epoch = epoch
    this.#rev = rev
    this.#newest = rev // every row that is there already has a lower place
  }

  // -- what there is to see --

  /** Unread, as the person sees it. */
  get count() {
    if (this.#overlays.size === 0) return this.#count
    let [count, known] = [this.#count, 0]
    for (const row of this.#rows.values()) {
      const unread = isUnread(this.#overlays.over(row)) ? 1 : 0
      count += unread - (isUnread(row) ? 1 : 0)
      known += unread
    }
    // All read: what is unread then arrived since, and whatever arrived is known.
    if (this.#overlays.markAllRead) count = Math.min(count, known)
    return Math.max(0, count)
  }

  get seenSeq() {
    return Math.max(this.#seenSeq, this.#overlays.seenSeq)
  }

  /** The newest place that the person can have seen: what waits on hold is not. */
  get newest() {
    return this.#hold ? this.#shownTo : this.#newest
  }

  /** @param {number} id @returns {?Notification} as the person sees it; null where it is unknown or deleted */
  row(id) {
    const row = this.#rows.get(id)
    return row ? this.#overlays.over(row) : null
  }

  /** @param {ViewName} name @returns {View} */
  view(name) {
    const { status, floor, error } = this.#views[name]
    /** @type {Notification[]} */
    const rows = []
    let fresh = 0
    for (const known of this.#rows.values()) {
      const row = known.seq < floor ? null : this.#overlays.over(known)
      if (!row || !BELONGS[name](row)) continue
      if (this.#hold && row.seq > this.#shownTo) fresh += 1
      else rows.push(row)
    }
    rows.sort((a, b) => b.seq - a.seq)
    return { status, rows, more: floor > 0 && floor < Infinity, fresh, error }
  }

  get hold() {
    return this.#hold
  }

  set hold(on) {
    if (on && !this.#hold) this.showFresh()
    this.#hold = on
  }

  showFresh() {
    this.#shownTo = this.#newest
  }

  // -- what the stream says --

  /** @param {Change} change */
  apply(change) {
    for (const { log } of this.#loads.values()) log.push(change)
    this.#carryOut(change)
    if (this.#rows.size > MOST_ROWS && !this.#hold) this.#trim()
  }

  /** @param {number} unread */
  setCount(unread) {
    this.#count = unread
  }

  /** The stream stands here now: what was confirmed up to here is in the rows. @param {number} rev */
  advance(rev) {
    this.#rev = rev
    this.#overlays.advance(this.#epoch, rev)
  }

  /** Nothing is known of the inbox any more. */
  forget() {
    this.#loads.clear()
    this.#rows.clear()
    this.#count = 0
    for (const name of NAMES) this.#views[name] = unloaded()
  }

  // -- pages --

  /** Views that have to be loaded anew, since rows belong there that nobody has sent. @returns {ViewName[]} */
  get stale() {
    return NAMES.filter(name => this.#views[name].lacks && this.#loads.get(name)?.before !== null)
  }

  /** @param {ViewName} name @param {{more?: boolean}} [options] the next page instead of the first @returns {Token} */
  beginLoad(name, { more = false } = {}) {
    const view = this.#views[name]
    const token = { view: name, before: more ? view.floor : null, log: [] }
    if (view.status !== "ready" || more) view.status = "loading"
    this.#loads.set(name, token)
    return token
  }

  /**
   * @param {ViewName} name
   * @param {Token} token
   * @param {import("./api.js").Page} answer
   * @returns {boolean} false where it is of no use any more, or of another epoch than the stream
   */
  loaded(name, token, answer) {
    if (this.#loads.get(name) !== token || answer.epoch !== this.#epoch) return false
    this.#loads.delete(name)
    for (const row of answer.notifications) this.#put(row)
    const lacks = token.before !== null && this.#views[name].lacks
    this.#views[name] = { status: "ready", floor: answer.next_before ?? 0, error: null, lacks }
    if (token.before === null) this.#shownTo = Math.max(this.#shownTo, ...answer.notifications.map(row => row.seq))
    for (const change of token.log) this.#carryOut(change)
    return true
  }

  /** @param {ViewName} name @param {Token} token @param {Error} error */
  failed(name, token, error) {
    if (this.#loads.get(name) !== token) return
    this.#loads.delete(name)
    const view = this.#views[name]
    view.error = error
    view.status = view.floor < Infinity ? "ready" : "error"
  }

  // -- commands --

  /** @param {Command} command @returns {number} */
  overlay(command) {
    return this.#overlays.add(command)
  }

  /** It stays until the stream has brought it. @param {number} id @param {{epoch: string, rev: number}} standing */
  confirm(id, standing) {
    this.#overlays.confirm(id, standing)
    this.advance(this.#rev)
  }

  /** @param {number} id */
  rollback(id) {
    this.#overlays.remove(id)
  }

  // -- how --

  /** @param {Change} change */
  #carryOut(change) {
    if (change.kind === "upsert") this.#put(change.notification)
    else if (change.kind === "seen") this.#seenSeq = Math.max(this.#seenSeq, change.seenSeq)
    else if (change.kind === "reset") this.#reset(change)
    else if (change.kind === "delete") for (const { id } of this.#chosen(change)) this.#rows.delete(id)
    else this.#markRead(change)
  }

  /** @param {Change & {kind: "read"}} change */
  #markRead(change) {
    const { read, ids, rev } = change
    for (const row of this.#chosen(change)) {
      if (rev > row.rev && (ids || !row.read_at)) {
        this.#rows.set(row.id, { ...row, rev, read_at: read ? (row.read_at ?? new Date().toISOString()) : null })
      }
    }
    if (!ids || ids.some(id => !this.#rows.has(id))) this.#lacks(read ? "read" : "unread")
  }

  /** Rows that nobody has sent may belong there now. @param {ViewName} name */
  #lacks(name) {
    // Not above the floor of `all`. The view that they come from proves nothing: it may be newer than this change.
    if (this.#views[name].floor < this.#views.all.floor) this.#views[name].lacks = true
  }

  /** @param {Change & {kind: "reset"}} change */
  #reset({ notifications, epoch, seenSeq, nextBefore }) {
    this.#loads.clear()
    this.#rows.clear()
    for (const name of NAMES) {
      const { status, lacks } = this.#views[name]
      this.#views[name] = { ...unloaded(), lacks: lacks || status !== "idle" }
    }
    this.#views.all = { ...unloaded(), status: "ready", floor: nextBefore ?? 0 }
    if (epoch !== this.#epoch) this.#rev = this.#newest = this.#seenSeq = 0
    this.#epoch = epoch
    this.#overlays.beginEpoch(epoch)
    this.#seenSeq = Math.max(this.#seenSeq, seenSeq)
    for (const row of notifications) this.#put(row)
    this.showFresh()
  }

  /** @param {any} row */
  #put({ read: _read, ...row }) {
    const known = this.#rows.get(row.id)
    if (known && known.rev > row.rev) return
    this.#rows.set(row.id, row)
    this.#newest = Math.max(this.#newest, row.seq)
  }

  /** @param {{ids: ?number[], upToSeq: ?number}} which @returns {Notification[]} */
  #chosen({ ids, upToSeq }) {
    if (!ids) return [...this.#rows.values()].filter(row => row.seq <= (upToSeq ?? 0))
    return ids.flatMap(id => this.#rows.get(id) ?? [])
  }

  #trim() {
    const rows = [...this.#rows.values()].sort((a, b) => b.seq - a.seq)
    const kept = rows.slice(0, MOST_ROWS - TRIMMED_AT_ONCE)
    this.#rows = new Map(kept.map(row => [row.id, row]))
    const floor = kept[kept.length - 1].seq
    for (const name of NAMES) {
      const view = this.#views[name]
      view.floor = Math.max(view.floor, floor)
      // A page on its way would join on where rows are missing now.
      if (typeof this.#loads.get(name)?.before === "number") {
        this.#loads.delete(name)
        view.status = "ready"
      }
    }
  }
}
