import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { Api } from "../../notifications/static/notifications/client/api.js"
import { Commands } from "../../notifications/static/notifications/client/commands.js"
import { Store } from "../../notifications/static/notifications/client/store.js"
import { FakeStorage, settle, Site, until } from "./site.js"

let site
let storage
let problems

function page({ kept = storage } = {}) {
  const store = new Store({ count: 3, epoch: "e1", rev: 13 })
  for (const row of site.list()) store.apply({ kind: "upsert", notification: row })
  const api = new Api({ apiUrl: "http://shop.example/api/notifications", fetch: site.fetch, csrf: "token" })
  const on = { problem: problem => problems.push(problem.code), changed: () => {} }
  const commands = new Commands({ api, store, storage: kept, on })
  const shown = () => [11, 12, 13].map(seq => store.row(seq + 1000)).map(row => (row ? !row.read_at : null))
  return { store, commands, shown }
}

const posted = () => site.requests.map(([, , body]) => [body.action, ...(body.notification_ids ?? [body.up_to_seq])])

beforeEach(() => {
  site = new Site()
  for (let n = 0; n < 3; n++) site.add()
  storage = new FakeStorage()
  problems = []
  mock.timers.enable({ apis: ["setTimeout"] })
  mock.method(Math, "random", () => 0.5)
})

afterEach(() => {
  mock.timers.reset()
  mock.restoreAll()
})

test("what is ordered shows at once, is sent in order, one by one, and is kept no longer", async () => {
  const { commands, shown, store } = page()
  commands.run({ action: "mark_read", ids: [1011] })
  commands.run({ action: "mark_unread", ids: [1011] })
  commands.run({ action: "mark_read", ids: [1012] })
  assert.deepEqual([shown(), store.count], [[true, false, true], 2])
  assert.equal(site.requests.length, 1)
  await until(() => commands.waiting === 0)
  assert.deepEqual(posted(), [["mark_read", 1011], ["mark_unread", 1011], ["mark_read", 1012]])
  assert.equal(storage.size, 0)
  store.advance(site.rev)
  assert.equal(store.count, 3)
})

test("offline it is kept, said once, retried, and done in order", async () => {
  const { commands, shown } = page()
  site.answers = false
  commands.run({ action: "mark_read", ids: [1011] })
  commands.run({ action: "archive", ids: [1012] })
  await settle()
  mock.timers.tick(2_000)
  await settle()
  assert.deepEqual([problems, commands.waiting, shown()], [["offline"], 2, [false, false, true]])
  site.answers = true
  site.requests = []
  commands.retry()
  await until(() => commands.waiting === 0)
  assert.deepEqual(posted(), [["mark_read", 1011], ["archive", 1012]])
})

test("a refusal is rolled back and said, and the next goes on", async () => {
  const { commands, shown } = page()
  site.answers = 400
  commands.run({ action: "mark_read", ids: [1011] })
  await until(() => commands.waiting === 0)
  site.answers = true
  commands.run({ action: "mark_read", ids: [1012] })
  await until(() => commands.waiting === 0)
  assert.deepEqual([problems, shown(), storage.size], [["refused"], [true, false, true], 0])
})

test("a server that fails again and again on one command does not block the others for ever", async () => {
  const { commands } = page()
  site.answers = 500
  commands.run({ action: "mark_read", ids: [1011] })
  for (let n = 0; n < 6; n++) {
    await settle()
    mock.timers.tick(30_000)
  }
  assert.deepEqual([problems, commands.waiting], [["offline", "server"], 0])
})

test("a reload loses none: the next page shows and sends them, once", async () => {
  const before = page()
  site.answers = false
  before.commands.run({ action: "mark_read", ids: [1011] })
  before.commands.run({ action: "delete", ids: [1012] })
  await settle()
  site.answers = true
  site.requests = []
  const after = page()
  assert.deepEqual(after.shown(), [false, null, true])
  after.commands.retry()
  await until(() => after.commands.waiting === 0)
  assert.deepEqual(posted(), [["mark_read", 1011], ["delete", 1012]])
  assert.equal(page().commands.waiting, 0)
})

test("back from the page cache, what another page of the tab has sent is not sent again", async () => {
  const cached = page()
  site.answers = false
  cached.commands.run({ action: "mark_read", ids: [1011] })
  await settle()
  site.answers = true
  const next = page()
  next.commands.retry()
  await until(() => next.commands.waiting === 0)
  site.act({ action: "mark_unread", notification_ids: [1011] })
  site.requests = []
  cached.commands.resume()
  await settle()
  assert.deepEqual([posted(), cached.commands.waiting, site.rows.get(1011).read_at], [[], 0, null])
})

test("a removal can be undone for five seconds", async () => {
  const { commands, shown } = page()
  const { undo } = commands.remove([1011])
  assert.deepEqual(shown(), [null, true, true])
  mock.timers.tick(4_999)
  assert.deepEqual([undo(), undo(), shown()], [true, false, [true, true, true]])
  mock.timers.tick(10_000)
  assert.deepEqual(posted(), [])
  const late = commands.remove([1012])
  mock.timers.tick(5_000)
  assert.equal(late.undo(), false)
  await until(() => commands.waiting === 0)
  assert.deepEqual([posted(), shown()], [[["delete", 1012]], [true, null, true]])
})

test("a page that goes sends all it has, and keeps it in case that fails", async () => {
  const { commands } = page()
  commands.run({ action: "mark_read", ids: [1013] })
  commands.run({ action: "archive", ids: [1012] })
  commands.remove([1011])
  commands.flush({ leaving: true })
  assert.deepEqual(posted(), [["mark_read", 1013], ["archive", 1012], ["delete", 1011]])
  assert.equal(JSON.parse(storage.get("notifications:commands")).length, 3)
})

test("more ids than one request takes are several", async () => {
  const { commands } = page()
  commands.run({ action: "mark_read", ids: Array.from({ length: 1_001 }, (_, at) => at + 1) })
  await until(() => commands.waiting === 0)
  assert.deepEqual(site.requests.map(([, , body]) => body.notification_ids.length), [500, 500, 1])
})

test("storage that throws, or is full of something else, costs nothing but the reload", async () => {
  const throwing = { getItem: () => { throw new Error() }, setItem: () => { throw new Error() }, removeItem: () => {} }
  for (const kept of [throwing, null, new FakeStorage([["notifications:commands", "{"]])]) {
    const { commands } = page({ kept })
    commands.run({ action: "mark_read", ids: [1011] })
    await until(() => commands.waiting === 0)
    commands.resume()
  }
  assert.equal(posted().length, 3)
})

test("back from the page cache, what another page of the tab could not send is sent", async () => {
  const cached = page()
  site.answers = false
  const next = page()
  next.commands.run({ action: "mark_read", ids: [1011] })
  await settle()
  next.commands.stop()
  site.answers = true
  cached.commands.resume()
  assert.deepEqual(cached.shown(), [false, true, true])
  await until(() => cached.commands.waiting === 0)
  assert.equal(site.count, 2)
})
