/** A site in the hands of the test: its sockets, its REST and its one inbox; and a browser with several tabs. */

import { notification } from "./fakes.js"

const AT = "2026-01-31T13:00:00Z"

export class Site {
  epoch = "e1"
  rev = 10
  seen = 0
  /** @type {Map<number, any>} rows, and tombstones as `{id, rev, deleted: true}` */
  rows = new Map()
  sockets = []
  /** @type {[string, string, any][]} method, path and query, body */
  requests = []
  /** Whether sockets are accepted: false, or the code that they are closed with. */
  accepts = true
  /** Whether REST answers: false for no network, or a status. */
  answers = true

  get count() {
    return this.list().filter(row => !row.read_at).length
  }

  get open() {
    return this.sockets.filter(socket => socket.readyState === 1)
  }

  list() {
    return [...this.rows.values()].filter(row => !row.deleted && !row.archived_at).sort((a, b) => b.seq - a.seq)
  }

  /** A new notification; `quietly` is a hint that was lost, or is late. */
  add({ quietly = false, ...more } = {}) {
    const row = notification(++this.rev, more)
    this.rows.set(row.id, row)
    if (!quietly) this.tell("notification", { ...row, unread_count: this.count })
    return row
  }

  tell(type, data) {
    for (const socket of this.open) socket.hear(type, data)
  }

  act({ action, notification_ids: ids = null, up_to_seq: upTo = null }) {
    const rows = [...this.rows.values()].filter(row => !row.deleted && (ids ? ids.includes(row.id) : row.seq <= upTo))
    const rev = ++this.rev
    const which = ids ? { notification_ids: rows.map(row => row.id) } : { up_to_seq: upTo }
    for (const row of rows) this.rows.set(row.id, done(row, action, rev))
    const data = { ...which, rev, unread_count: this.count }
    if (action === "mark_seen") this.tell("seen", { seen_seq: (this.seen = Math.max(this.seen, upTo)), rev })
    else if (action === "delete") this.tell("notification_deleted", data)
    else if (action.endsWith("read")) {
      this.tell("notification_read_confirmation", { ...data, read: action !== "mark_unread" })
    } else this.tell("notification_updated", { ...this.rows.get(rows[0]?.id), unread_count: this.count })
    return { ...this.standing, action, changed: rows.length, notification_ids: rows.map(row => row.id) }
  }

  get standing() {
    return { epoch: this.epoch, rev: this.rev, seen_seq: this.seen, unread_count: this.count }
  }

  changes(since) {
    const rows = [...this.rows.values()].filter(row => row.rev > since).sort((a, b) => a.rev - b.rev)
    const deleted_ids = rows.filter(row => row.deleted).map(row => row.id)
    return { ...this.standing, notifications: rows.filter(row => !row.deleted), deleted_ids, more: false }
  }

  /** The database went back to an earlier day. */
  restore() {
    this.epoch = "e2"
    this.rev = 3
    this.rows = new Map([[1003, notification(3)]])
    this.tell("resync_required", { reason: "epoch", epoch: this.epoch, rev: this.rev })
  }

  fetch = async (address, { method = "GET", body } = {}) => {
    const url = new URL(address)
    const said = body && JSON.parse(body)
    this.requests.push([method, url.pathname.replace("/api/notifications", "") + url.search, said])
    await null
    if (this.answers === false) throw new TypeError("Failed to fetch")
    if (this.answers !== true) return Response.json({ detail: "No." }, { status: this.answers })
    return Response.json(this.#answer(url, method, said))
  }

  #answer(url, method, said) {
    if (method === "POST") return this.act(said)
    const query = url.searchParams
    if (url.pathname.endsWith("/changes")) {
      const resync = { resync_required: "epoch", epoch: this.epoch, rev: this.rev }
      return query.get("epoch") === this.epoch ? this.changes(Number(query.get("since"))) : resync
    }
    const isWanted = { all: () => true, unread: row => !row.read_at, read: row => !!row.read_at }[query.get("status")]
    const rows = this.list().filter(row => isWanted(row) && row.seq < (Number(query.get("before")) || Infinity))
    const notifications = rows.slice(0, Number(query.get("per_page")))
    return { ...this.standing, notifications, next_before: rows.length > notifications.length ? notifications.at(-1).seq : null }
  }

  /** The class that tabs open sockets with. */
  get WebSocket() {
    const site = this
    return class {
      readyState = 1
      sent = []

      constructor(url) {
        this.url = new URL(url)
        site.sockets.push(this)
        queueMicrotask(() => site.#greet(this))
      }

      send(text) {
        const frame = JSON.parse(text)
        this.sent.push(frame)
        if (frame.type === "sync") queueMicrotask(() => site.#replay(this, frame.since, frame.epoch))
      }

      close(code) {
        this.closedWith = code
        this.readyState = 3
      }

      hear(type, data) {
        if (this.readyState !== 1) return
        this.onmessage?.({ data: JSON.stringify({ type, data, timestamp: AT }) })
      }

      end(code, reason = "") {
        this.readyState = 3
        this.onclose?.({ code, reason })
      }
    }
  }

  #greet(socket) {
    if (this.accepts !== true) return socket.end(this.accepts || 1006)
    socket.hear("connection_established", { user_id: 7, protocol: 2, ping_interval: 30, ...this.standing })
    const { searchParams } = socket.url
    this.#replay(socket, Number(searchParams.get("since")), searchParams.get("epoch"))
  }

  #replay(socket, since, epoch) {
    if (epoch !== this.epoch) return socket.hear("resync_required", { reason: "epoch", epoch: this.epoch, rev: this.rev })
    const unread_count = this.count
    const rows = [...this.rows.values()].filter(row => row.rev > since).sort((a, b) => a.rev - b.rev)
    for (const row of rows) {
      if (row.deleted) {
        const data = { notification_ids: [row.id], rev: row.rev, unread_count, replay: true }
        socket.hear("notification_deleted", data)
      } else socket.hear("notification", { ...row, unread_count, replay: true })
    }
    socket.hear("sync_complete", { rev: this.rev, seen_seq: this.seen, unread_count })
  }
}

function done(row, action, rev) {
  if (action === "delete") return { id: row.id, rev, deleted: true }
  if (action === "mark_unread") return { ...row, rev, read_at: null }
  if (action === "archive") return { ...row, rev, read_at: row.read_at ?? AT, archived_at: AT }
  if (action === "unarchive") return { ...row, rev, archived_at: null }
  return action === "mark_seen" || row.read_at ? row : { ...row, rev, read_at: AT }
}

/** Web Locks as the standard has them: exclusive, in the order asked for, handed on when the callback's promise settles. */
export class FakeLocks {
  /** @type {Map<string, {grant: () => void}[]>} the first of each name holds it */
  #queues = new Map()

  /** As one tab has them: when it is closed, what it held is free. */
  tab() {
    let close
    const closed = new Promise(resolve => (close = resolve))
    const request = (name, options, callback) => this.request(name, options, lock => Promise.race([closed, callback(lock)]))
    return { request, close }
  }

  async request(name, options, callback = options) {
    const signal = callback === options ? undefined : options.signal
    if (signal?.aborted) throw signal.reason
    const queue = this.#queues.get(name) ?? []
    this.#queues.set(name, queue)
    if (options.ifAvailable && queue.length > 0) return callback(null)
    const granted = new Promise((resolve, reject) => {
      const entry = { grant: resolve }
      queue.push(entry)
      const abort = () => {
        // Once it is granted, a signal does nothing.
        if (queue[0] === entry) return
        queue.splice(queue.indexOf(entry), 1)
        reject(signal.reason)
      }
      signal?.addEventListener("abort", abort)
      if (queue.length === 1) resolve()
    })
    await granted
    try {
      return await callback({ name, mode: "exclusive" })
    } finally {
      queue.shift()
      queue[0]?.grant()
    }
  }
}

/** As the browser's; `key()` in the order of insertion. */
export class FakeStorage extends Map {
  get length() {
    return this.size
  }
  key = index => [...this.keys()][index] ?? null
  getItem = key => this.get(key) ?? null
  setItem = (key, value) => this.set(key, value)
  removeItem = key => this.delete(key)
}

/** Let everything that is due run, messages between tabs too, until `isSo()`; fails when nothing helps. */
export async function until(isSo, what = String(isSo)) {
  for (let turn = 0; turn < 400; turn++) {
    if (isSo()) return
    await turnOver()
  }
  throw new Error(`never: ${what}`)
}

export async function settle(turns = 30) {
  for (let turn = 0; turn < turns; turn++) await turnOver()
}

const setImmediateNow = globalThis.setImmediate
const turnOver = () => new Promise(resolve => setImmediateNow(resolve))
