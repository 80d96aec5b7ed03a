/** The store against a model of the server, through random histories in which everything overtakes everything. */

import assert from "node:assert/strict"
import { test } from "node:test"

import { Store } from "../../notifications/static/notifications/client/store.js"
import { notification } from "./fakes.js"

const HISTORIES = 300
const STEPS = 120
const VIEWS = ["all", "unread", "read"]
const AT = "2026-01-31T13:00:00Z"
const BELONGS = {
  all: row => !row.archived_at,
  unread: row => !row.archived_at && !row.read_at,
  read: row => !row.archived_at && !!row.read_at,
}

/** mulberry32: the same history for the same seed. */
function randomOf(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const act = (row, action) => {
  if (action === "mark_read" || action === "mark_all_read") return { ...row, read_at: row.read_at ?? AT }
  if (action === "mark_unread") return { ...row, read_at: null }
  if (action === "archive") return { ...row, read_at: row.read_at ?? AT, archived_at: row.archived_at ?? AT }
  return { ...row, archived_at: null }
}

/** One person's inbox. Every change is also a message, `[change, rev, count]`, that somebody has to deliver. */
class Server {
  rev = 0
  rows = new Map()
  epoch = "e1"

  get count() {
    return [...this.rows.values()].filter(BELONGS.unread).length
  }

  add() {
    const row = notification(++this.rev)
    this.rows.set(row.id, row)
    return [{ kind: "upsert", notification: row }, this.rev, this.count]
  }

  covered({ ids, upToSeq }) {
    return [...this.rows.values()].filter(row => (ids ? ids.includes(row.id) : row.seq <= upToSeq))
  }

  act(command) {
    const rows = this.covered(command)
    if (rows.length === 0) return null
    const rev = ++this.rev
    const which = { ids: command.ids ?? null, upToSeq: command.upToSeq ?? null, rev }
    const [{ id }] = rows
    if (command.action === "delete") {
      for (const row of rows) this.rows.delete(row.id)
      return [{ kind: "delete", ...which, ids: rows.map(row => row.id) }, rev, this.count]
    }
    for (const row of rows) if (command.ids || !row.read_at) this.rows.set(row.id, { ...act(row, command.action), rev })
    const read = command.action.endsWith("read")
    const change = read
      ? { kind: "read", read: command.action !== "mark_unread", ...which }
      : { kind: "upsert", notification: this.rows.get(id) }
    return [change, rev, this.count]
  }

  page(name, before) {
    const rows = [...this.rows.values()].filter(row => BELONGS[name](row) && row.seq < (before ?? Infinity))
    rows.sort((a, b) => b.seq - a.seq)
    const notifications = rows.slice(0, 4).map(row => ({ ...row, read: !!row.read_at }))
    const next_before = rows.length > 4 ? notifications.at(-1).seq : null
    return { epoch: this.epoch, rev: this.rev, notifications, next_before }
  }
}

class History {
  server = new Server()
  messages = []
  loads = []
  commands = []
  cursor = 0

  constructor(seed) {
    this.random = randomOf(seed)
    for (let n = 0; n < 12; n++) this.server.add()
    this.cursor = this.server.rev
    this.store = new Store({ count: this.server.count, epoch: "e1", rev: this.cursor })
  }

  pick(things) {
    return things[Math.floor(this.random() * things.length)]
  }

  command() {
    const action = this.pick(["mark_read", "mark_unread", "archive", "unarchive", "delete", "mark_all_read"])
    if (action === "mark_all_read") return { action, ids: null, upToSeq: this.store.newest }
    const ids = [...this.server.rows.keys()]
    // Frames of archive and unarchive carry one whole row.
    return ids.length ? { action, ids: [this.pick(ids)], upToSeq: null } : null
  }

  say(message) {
    if (message) this.messages.push(message)
  }

  deliver() {
    const message = this.messages.shift()
    if (!message) return
    const [change, rev, count] = message
    this.store.apply(change)
    this.store.setCount(count)
    this.store.advance((this.cursor = rev))
  }

  beginLoad() {
    const name = this.pick(VIEWS)
    if (this.loads.some(load => load.name === name)) return
    const { more, status } = this.store.view(name)
    const token = this.store.beginLoad(name, { more: more && status === "ready" && this.random() < 0.6 })
    this.loads.push({ name, token, page: null })
  }

  answerLoad() {
    const load = this.pick(this.loads)
    if (load) load.page ??= this.server.page(load.name, load.token.before)
  }

  endLoad() {
    const load = this.pick(this.loads)
    if (!load) return
    this.loads.splice(this.loads.indexOf(load), 1)
    if (load.page && this.random() < 0.9) assert.equal(this.store.loaded(load.name, load.token, load.page), true)
    else this.store.failed(load.name, load.token, new Error("no network"))
  }

  order() {
    const command = this.command()
    if (command) this.commands.push({ command, id: this.store.overlay(command), standing: null })
  }

  carryOut() {
    const next = this.commands.find(each => !each.standing)
    if (!next) return
    this.say(this.server.act(next.command))
    next.standing = { epoch: "e1", rev: this.server.rev }
  }

  answer() {
    const next = this.commands[0]
    if (!next?.standing) return
    this.commands.shift()
    this.store.confirm(next.id, next.standing)
  }

  refuse() {
    const at = this.commands.findIndex(each => !each.standing)
    if (at >= 0) this.store.rollback(this.commands.splice(at, 1)[0].id)
  }

  step() {
    const elsewhere = () => {
      const command = this.command()
      if (command) this.say(this.server.act(command))
    }
    this.pick([
      () => this.say(this.server.add()),
      elsewhere,
      () => this.deliver(),
      () => this.deliver(),
      () => this.beginLoad(),
      () => this.answerLoad(),
      () => this.endLoad(),
      () => this.order(),
      () => this.carryOut(),
      () => this.answer(),
      () => this.refuse(),
      () => (this.store.hold = this.random() < 0.5),
      () => this.store.showFresh(),
    ])()
  }

  /** At any moment: sorted, nothing twice, nothing that does not belong. */
  checkAlways() {
    for (const name of VIEWS) {
      const { rows } = this.store.view(name)
      for (const [at, row] of rows.entries()) {
        assert.ok(BELONGS[name](row), `${row.seq} is not ${name}`)
        if (at > 0) assert.ok(rows[at - 1].seq > row.seq, "newest first, each once")
      }
    }
    assert.ok(this.store.count >= 0)
  }

  /** When all has come: the views are what the server has, with the commands that it has not carried out over it. */
  settle() {
    this.store.hold = false
    while (this.messages.length) this.deliver()
    for (const load of this.loads.splice(0)) {
      this.store.loaded(load.name, load.token, load.page ?? this.server.page(load.name, load.token.before))
    }
    for (const name of this.store.stale) {
      this.store.loaded(name, this.store.beginLoad(name), this.server.page(name))
    }
    assert.deepEqual(this.store.stale, [])
    const shown = this.model()
    for (const name of VIEWS) {
      const { rows, more, status } = this.store.view(name)
      if (status !== "ready") continue
      const expected = shown.filter(row => BELONGS[name](row))
      // Down to where the view is complete; below, the server has more or the model would show it.
      const reached = more ? expected.slice(0, rows.length) : expected
      assert.deepEqual(rows.map(plain), reached.map(plain), name)
    }
    if (this.commands.length === 0) assert.equal(this.store.count, this.server.count)
  }

  model() {
    let rows = [...this.server.rows.values()].sort((a, b) => b.seq - a.seq)
    for (const { command } of this.commands) {
      const { action, ids, upToSeq } = command
      // What a command does to rows that nobody has sent cannot be shown.
      const covers = row => this.store.row(row.id) && (ids ? ids.includes(row.id) : row.seq <= upToSeq)
      if (action === "delete") rows = rows.filter(row => !ids.includes(row.id))
      else rows = rows.map(row => (covers(row) ? act(row, action) : row))
    }
    return rows
  }
}

const plain = ({ id, seq, read_at, archived_at }) => [id, seq, !!read_at, !!archived_at]

test(`${HISTORIES} random histories`, () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const history = new History(seed)
    try {
      for (let step = 1; step <= STEPS; step++) {
        history.step()
        history.checkAlways()
        if (step % 40 === 0) history.settle()
      }
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`
      throw error
    }
  }
})
