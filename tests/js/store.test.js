import assert from "node:assert/strict"
import { test } from "node:test"

import { Store } from "../../notifications/static/notifications/client/store.js"
import { notification } from "./fakes.js"

const READ = "2026-01-31T13:00:00Z"
const page = (notifications, next_before = null, more = {}) => ({ epoch: "e1", rev: 10, notifications, next_before, ...more })
const seqs = (store, name = "all") => store.view(name).rows.map(row => row.seq)
const upsert = row => ({ kind: "upsert", notification: row })

/** Stands at revision 10, with three rows in view: 8 is read. */
function loaded(more = {}) {
  const store = new Store({ count: 2, seenSeq: 3, epoch: "e1", rev: 10, ...more })
  store.loaded("all", store.beginLoad("all"), page([notification(9), notification(8, { read_at: READ }), notification(7)]))
  return store
}

test("a view says whether it is loaded, and what went wrong", () => {
  const store = new Store({ count: 2, epoch: "e1", rev: 10 })
  assert.deepEqual(store.view("all"), { status: "idle", rows: [], more: false, fresh: 0, error: null })
  const token = store.beginLoad("all")
  assert.equal(store.view("all").status, "loading")
  const error = new Error("no network")
  store.failed("all", token, error)
  assert.deepEqual([store.view("all").status, store.view("all").error], ["error", error])
  store.loaded("all", store.beginLoad("all"), page([notification(9)], 9))
  assert.deepEqual([store.view("all").status, store.view("all").more, store.view("all").error], ["ready", true, null])
})

test("the next page joins on; one that fails leaves the rows", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  store.loaded("all", store.beginLoad("all"), page([notification(9), notification(7)], 7))
  const failing = store.beginLoad("all", { more: true })
  assert.equal(failing.before, 7)
  store.failed("all", failing, new Error("no network"))
  assert.deepEqual([store.view("all").status, seqs(store)], ["ready", [9, 7]])
  store.loaded("all", store.beginLoad("all", { more: true }), page([notification(3)], null))
  assert.deepEqual([seqs(store), store.view("all").more], [[9, 7, 3], false])
})

test("each view has its rows, archived ones are in none", () => {
  const store = loaded()
  store.apply(upsert(notification(7, { rev: 11, archived_at: READ, read_at: READ })))
  assert.deepEqual([seqs(store), seqs(store, "unread"), seqs(store, "read")], [[9, 8], [], []])
  for (const name of ["unread", "read"]) store.loaded(name, store.beginLoad(name), page([]))
  assert.deepEqual([seqs(store), seqs(store, "unread"), seqs(store, "read")], [[9, 8], [9], [8]])
})

test("a view is not shown below its floor, where others are missing", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  store.loaded("all", store.beginLoad("all"), page([notification(9), notification(8)], 8))
  store.apply(upsert(notification(2, { rev: 11 })))
  assert.deepEqual(seqs(store), [9, 8])
})

test("what arrives while a page is on its way is applied after it, unless the page has it", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  const token = store.beginLoad("all")
  store.apply(upsert(notification(11)))
  store.apply({ kind: "read", read: true, ids: [1009, 1008], upToSeq: null, rev: 12 })
  store.apply({ kind: "delete", ids: [1007], upToSeq: null, rev: 13 })
  store.loaded("all", token, page([notification(9), notification(8, { rev: 14 }), notification(7)]))
  assert.deepEqual(store.view("all").rows.map(row => [row.seq, !!row.read_at]), [[11, false], [9, true], [8, false]])
})

test("an answer to an earlier question, or of another epoch, is not used", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  const first = store.beginLoad("all")
  const second = store.beginLoad("all")
  assert.equal(store.loaded("all", first, page([notification(1)])), false)
  assert.equal(store.loaded("all", second, page([notification(1)], null, { epoch: "e2" })), false)
  assert.equal(store.loaded("all", second, page([notification(9)])), true)
  assert.deepEqual(seqs(store), [9])
})

test("an older state of a row takes nothing back", () => {
  const store = loaded()
  store.apply(upsert(notification(9, { rev: 14, subject: "new" })))
  store.apply(upsert(notification(9, { rev: 12, subject: "old" })))
  store.apply({ kind: "read", read: true, ids: [1009], upToSeq: null, rev: 13 })
  assert.deepEqual([store.row(1009).subject, store.row(1009).read_at], ["new", null])
})

test("on hold, new rows wait and are counted", () => {
  const store = loaded()
  store.hold = true
  store.apply(upsert(notification(11)))
  store.apply(upsert(notification(12)))
  assert.deepEqual([seqs(store), store.view("all").fresh, store.newest], [[9, 8, 7], 2, 10])
  store.showFresh()
  assert.deepEqual([seqs(store), store.view("all").fresh, store.newest], [[12, 11, 9, 8, 7], 0, 12])
  store.apply(upsert(notification(13)))
  store.hold = false
  assert.deepEqual([seqs(store)[0], store.view("all").fresh], [13, 0])
})

test("a first page that is loaded on hold is shown", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  store.hold = true
  store.loaded("all", store.beginLoad("all"), page([notification(12), notification(9)]))
  assert.deepEqual([seqs(store), store.view("all").fresh], [[12, 9], 0])
})

test("commands show at once in rows, views and count, and roll back", () => {
  const store = loaded()
  store.loaded("unread", store.beginLoad("unread"), page([notification(9), notification(7)]))
  const id = store.overlay({ action: "mark_read", ids: [1009] })
  assert.deepEqual([store.count, seqs(store, "unread"), seqs(store)], [1, [7], [9, 8, 7]])
  const gone = store.overlay({ action: "delete", ids: [1007, 1008] })
  assert.deepEqual([store.count, seqs(store)], [0, [9]])
  store.rollback(id)
  store.rollback(gone)
  assert.deepEqual([store.count, seqs(store, "unread")], [2, [9, 7]])
  store.overlay({ action: "mark_unread", ids: [1008] })
  store.overlay({ action: "archive", ids: [1009] })
  assert.deepEqual([store.count, seqs(store)], [2, [8, 7]])
})

test("all read is none unread, however many there are that are not known; what arrives then counts", () => {
  const store = loaded({ count: 5_000 })
  store.overlay({ action: "mark_all_read", upToSeq: store.newest })
  assert.equal(store.count, 0)
  store.apply(upsert(notification(11)))
  store.setCount(5_001)
  assert.equal(store.count, 1)
})

test("a confirmed command shows until the stream has brought it, not longer", () => {
  const store = loaded()
  const id = store.overlay({ action: "mark_read", ids: [1009] })
  store.confirm(id, { epoch: "e1", rev: 12 })
  store.advance(11)
  assert.equal(store.count, 1)
  store.apply({ kind: "read", read: true, ids: [1009], upToSeq: null, rev: 12 })
  store.setCount(1)
  store.advance(12)
  assert.equal(store.count, 1)
  store.apply({ kind: "read", read: false, ids: [1009], upToSeq: null, rev: 13 })
  store.setCount(2)
  assert.equal(store.count, 2)
})

test("what is seen never goes back, and shows at once", () => {
  const store = loaded()
  const id = store.overlay({ action: "mark_seen", upToSeq: 9 })
  assert.equal(store.seenSeq, 9)
  store.rollback(id)
  store.apply({ kind: "seen", seenSeq: 6 })
  store.apply({ kind: "seen", seenSeq: 4 })
  assert.equal(store.seenSeq, 6)
})

test("a row that nobody has sent and that moves into a view makes the view stale", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  store.loaded("all", store.beginLoad("all"), page([notification(9)], 9))
  store.loaded("unread", store.beginLoad("unread"), page([notification(4)], null))
  store.apply({ kind: "read", read: true, ids: [1003], upToSeq: null, rev: 11 })
  assert.deepEqual(store.stale, [])
  store.apply({ kind: "read", read: false, ids: [1003], upToSeq: null, rev: 12 })
  assert.deepEqual(store.stale, ["unread"])
  store.loaded("unread", store.beginLoad("unread"), page([notification(4), notification(3, { rev: 12 })]))
  assert.deepEqual([store.stale, seqs(store, "unread")], [[], [9, 4, 3]])
})

test("a new epoch begins anew, and views that were shown have to be loaded", () => {
  const store = loaded()
  store.loaded("read", store.beginLoad("read"), page([notification(8, { read_at: READ })]))
  const late = store.beginLoad("unread")
  const done = store.overlay({ action: "mark_read", ids: [1009] })
  store.confirm(done, { epoch: "e1", rev: 99 })
  store.apply({ kind: "reset", epoch: "e2", notifications: [notification(2)], seenSeq: 1, nextBefore: 2 })
  store.setCount(1)
  assert.equal(store.loaded("unread", late, page([notification(9)])), false)
  assert.deepEqual([seqs(store), store.view("all").more, store.stale, store.seenSeq], [[2], true, ["unread", "read"], 1])
  assert.equal(store.count, 1)
})

test("a document that stays open for weeks keeps no more than it can show", () => {
  const store = loaded()
  for (let seq = 11; seq <= 3_000; seq++) store.apply(upsert(notification(seq)))
  const { rows, more } = store.view("all")
  assert.ok(rows.length <= 2_000 && rows.length >= 1_800)
  assert.deepEqual([rows[0].seq, more], [3_000, true])
  rows.forEach((row, at) => assert.equal(row.seq, 3_000 - at))
})

test("a page that was on its way when rows were dropped leaves no hole", () => {
  const store = new Store({ epoch: "e1", rev: 10 })
  store.loaded("all", store.beginLoad("all"), page([notification(9)], 9))
  const token = store.beginLoad("all", { more: true })
  for (let seq = 11; seq <= 2_100; seq++) store.apply(upsert(notification(seq)))
  assert.equal(store.loaded("all", token, page([notification(3)])), false)
  const { rows, status } = store.view("all")
  assert.deepEqual([status, rows.length, rows.at(-1).seq > 11], ["ready", 2_100 - rows.at(-1).seq + 1, true])
})
