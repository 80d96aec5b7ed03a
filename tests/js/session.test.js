import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { currentSession, Session, sessionOf } from "../../notifications/static/notifications/client/session.js"
import { FakeLocks, FakeStorage, settle, Site, until } from "./site.js"

let site
let browser
let sessions
let user = 100

/** What all tabs share, and what a tab keeps while its pages come and go. */
function newBrowser() {
  return { locks: new FakeLocks(), localStorage: new FakeStorage() }
}

/** A page of a tab, in a browser. */
function newPage({ tab = new FakeStorage(), visible = true } = {}) {
  const document = Object.assign(new EventTarget(), {
    visibilityState: visible ? "visible" : "hidden",
    documentElement: { lang: "en" },
  })
  return Object.assign(new EventTarget(), {
    document,
    sessionStorage: tab,
    localStorage: browser.localStorage,
    navigator: { locks: browser.locks },
    BroadcastChannel,
    fetch: site.fetch,
    look(on) {
      document.visibilityState = on ? "visible" : "hidden"
      document.dispatchEvent(new Event("visibilitychange"))
    },
    leave() {
      this.dispatchEvent(new Event("pagehide"))
    },
  })
}

const rendered = (more = {}) => ({
  user: String(user),
  epoch: site.epoch,
  rev: site.rev,
  seenSeq: site.seen,
  count: site.count,
  wsUrl: "ws://shop.example/ws/notifications",
  apiUrl: "http://shop.example/api/notifications",
  historyUrl: "/notifications/",
  preferencesUrl: "/notifications/preferences/",
  csrf: "token",
  options: {},
  strings: {},
  ...more,
})

/** A session on a page, and what it told. */
function open(page = newPage(), more = {}) {
  const session = new Session(rendered(more), page)
  const told = { news: [], counts: [], states: [], problems: [], rows: 0 }
  session.addEventListener("news", ({ detail }) => told.news.push(...detail.map(({ seq, subject }) => seq ?? subject)))
  session.addEventListener("count", ({ detail }) => told.counts.push(detail))
  session.addEventListener("state", ({ detail }) => told.states.push(detail))
  session.addEventListener("problem", ({ detail }) => told.problems.push(detail.code))
  session.addEventListener("rows", () => (told.rows += 1))
  session.connect()
  sessions.push(session)
  return { session, told, page }
}

const live = (...opened) => until(() => opened.every(({ session }) => session.state === "live"))
const seqs = (session, name = "all") => session.store.view(name).rows.map(row => row.seq)

beforeEach(() => {
  site = new Site()
  browser = newBrowser()
  sessions = []
  user += 1
  globalThis.WebSocket = site.WebSocket
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
})

afterEach(() => {
  for (const session of sessions) session.disconnect()
  mock.timers.reset()
  mock.restoreAll()
})

test("news, count and rows come as events", async () => {
  const { session, told } = open()
  await live({ session })
  site.add()
  site.add()
  await until(() => told.news.length === 2)
  assert.deepEqual([told.news, told.counts.at(-1), session.count, told.states], [[11, 12], 2, 2, ["connecting", "live"]])
  assert.ok(told.rows > 0)
})

test("in many tabs, what arrives pops up once, in one that is looked at", async () => {
  const tabs = [open(newPage({ visible: false })), open(), open(), open(newPage({ visible: false }))]
  await live(...tabs)
  for (let n = 0; n < 30; n++) site.add()
  await until(() => tabs.every(({ session }) => session.count === 30))
  await settle()
  assert.deepEqual(tabs.flatMap(({ told }) => told.news).sort((a, b) => a - b), Array.from({ length: 30 }, (_, at) => at + 11))
  assert.deepEqual([tabs[0].told.news, tabs[3].told.news], [[], []])
})

test("where nobody looks it waits, and pops up in the first tab that is looked at", async () => {
  const tabs = [open(newPage({ visible: false })), open(newPage({ visible: false }))]
  await live(...tabs)
  site.add()
  const read = site.add()
  await until(() => tabs.every(({ session }) => session.count === 2))
  site.act({ action: "mark_read", notification_ids: [read.id] })
  await until(() => tabs.every(({ session }) => session.count === 1))
  tabs[1].page.look(true)
  tabs[0].page.look(true)
  await settle()
  assert.deepEqual([tabs[0].told.news, tabs[1].told.news], [[], [11]])
})

test("a page that was drawn later takes no news from one that waits", async () => {
  const first = open(newPage({ visible: false }))
  await live(first)
  site.add()
  await until(() => first.session.count === 1)
  const second = open()
  await live(second)
  site.add()
  await until(() => second.told.news.length === 1)
  first.page.look(true)
  await until(() => first.told.news.length === 1)
  assert.deepEqual([first.told.news, second.told.news], [[11], [12]])
})

test("what arrives between two pages of a tab pops up on the second", async () => {
  const tab = new FakeStorage()
  const first = open(newPage({ tab }))
  await live(first)
  site.add()
  await until(() => first.told.news.length === 1)
  first.page.leave()
  site.add()
  const second = open(newPage({ tab }))
  await until(() => second.told.news.length === 1)
  assert.deepEqual([first.told.news, second.told.news, second.session.count], [[11], [12], 2])
  assert.equal(site.open.length, 1)
})

test("what waited on a page that nobody looked at pops up on the next", async () => {
  const tab = new FakeStorage()
  const first = open(newPage({ tab, visible: false }))
  await live(first)
  site.add()
  site.add()
  await until(() => first.session.count === 2)
  first.page.leave()
  const second = open(newPage({ tab }))
  await until(() => second.told.news.length === 2)
  assert.deepEqual([first.told.news, second.told.news], [[], [11, 12]])
})

test("a place of long ago, or of somebody else, is not gone on from", async () => {
  for (const kept of [{ at: Date.now() - 31_000 }, { user: "somebody" }, { epoch: "e0" }, { rev: "10" }]) {
    const place = { user: String(user), epoch: "e1", rev: 10, at: Date.now(), ...kept }
    const tab = new FakeStorage([["notifications:place", JSON.stringify(place)]])
    site.add({ quietly: true })
    const { session, told } = open(newPage({ tab }))
    await live({ session })
    await settle()
    assert.deepEqual(told.news, [])
    session.disconnect()
  }
})

test("from the page cache it goes on where it stood, and another tab led meanwhile", async () => {
  const [first, second] = [open(), open()]
  await live(first, second)
  first.page.leave()
  await until(() => site.open.length === 1 && second.session.state === "live")
  site.add()
  await until(() => second.told.news.length === 1)
  first.page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }))
  await until(() => first.session.count === 1 && first.session.state === "live")
  await settle()
  assert.deepEqual([first.told.news, second.told.news, site.open.length], [[], [11], 1])
})

test("lists are loaded once and kept current; more joins on", async () => {
  for (let n = 0; n < 30; n++) site.add()
  const { session } = open()
  await live({ session })
  await session.load("all")
  await session.load("all")
  assert.equal(seqs(session).length, 20)
  await session.loadMore("all")
  site.add()
  await until(() => seqs(session).length === 31)
  await session.loadMore("all")
  assert.equal(site.requests.filter(([, path]) => path.startsWith("?status=all")).length, 2)
  assert.deepEqual(seqs(session), Array.from({ length: 31 }, (_, at) => 41 - at))
})

test("a list that could not be loaded says so, and loads at the next try", async () => {
  const { session } = open()
  await live({ session })
  site.answers = 500
  await session.load("all")
  assert.equal(session.store.view("all").status, "error")
  site.answers = true
  await session.load("all")
  assert.equal(session.store.view("all").status, "ready")
})

test("on hold new rows wait; all read leaves them unread", async () => {
  site.add()
  const { session } = open()
  await live({ session })
  session.hold(true)
  await session.load("all")
  site.add()
  await until(() => session.store.view("all").fresh === 1)
  session.markAllRead()
  assert.deepEqual([seqs(session), session.count], [[11], 1])
  await until(() => session.commands.waiting === 0)
  await settle()
  assert.deepEqual([session.count, site.count], [1, 1])
  session.showFresh()
  assert.deepEqual(seqs(session), [12, 11])
})

test("commands of a follower show in all tabs", async () => {
  site.add()
  const [leader, follower] = [open(), open()]
  await live(leader, follower)
  await follower.session.load("all")
  follower.session.markRead([1011])
  await until(() => leader.session.count === 0)
  follower.session.markUnread([1011])
  await until(() => leader.session.count === 1)
  follower.session.remove([1011])
  assert.deepEqual([follower.session.count, leader.session.count], [0, 1])
  follower.page.look(false)
  await until(() => leader.session.count === 0)
  assert.equal(site.rows.get(1011).deleted, true)
})

test("seen is said once, and is seen in every tab", async () => {
  site.add()
  const tabs = [open(), open()]
  await live(...tabs)
  tabs[0].session.markSeen()
  tabs[0].session.markSeen()
  await until(() => tabs.every(({ session }) => session.seenSeq === 11))
  assert.equal(site.requests.filter(([method]) => method === "POST").length, 1)
})

test("ordered offline, done when the network is back", async () => {
  site.add()
  const { session, told, page } = open()
  await live({ session })
  site.answers = false
  session.markRead([1011])
  await until(() => told.problems.length === 1)
  site.answers = true
  page.dispatchEvent(new Event("online"))
  await until(() => site.count === 0)
  assert.deepEqual(told.problems, ["offline"])
})

test("offline for a while: all is there, in order, once, and the count right", async () => {
  const { session, told } = open()
  await live({ session })
  await session.load("all")
  site.accepts = site.answers = false
  site.open[0].end(1006)
  for (let n = 0; n < 20; n++) site.add()
  mock.timers.tick(2_000)
  await settle()
  site.accepts = site.answers = true
  for (let n = 0; n < 10 && session.state !== "live"; n++) {
    mock.timers.tick(5_000)
    await settle()
  }
  await until(() => told.news.length === 20)
  assert.deepEqual(told.news, Array.from({ length: 20 }, (_, at) => at + 11))
  assert.deepEqual([session.count, seqs(session).length], [20, 20])
})

test("a new epoch while the lists are shown: they are loaded anew", async () => {
  for (let n = 0; n < 3; n++) site.add()
  const tabs = [open(), open()]
  await live(...tabs)
  for (const { session } of tabs) for (const name of ["all", "unread"]) await session.load(name)
  site.restore()
  await until(() => tabs.every(({ session }) => seqs(session).join() === "3" && seqs(session, "unread").join() === "3"))
  await live(...tabs)
  site.add()
  await until(() => tabs.every(({ session }) => seqs(session).join() === "4,3" && session.count === 2))
  assert.equal(site.open.length, 1)
})

test("signed out in one tab is signed out in all; a new log-in begins again", async () => {
  const tabs = [open(), open()]
  await live(...tabs)
  site.add()
  await until(() => tabs.every(({ session }) => session.count === 1))
  site.answers = 403
  site.open[0].end(4410)
  await until(() => tabs.every(({ session }) => session.state === "signed-out"))
  await settle()
  // Whoever comes to this screen next need not be the same person.
  assert.deepEqual([tabs[1].session.count, tabs[1].session.store.row(1011)], [0, null])
  site.answers = true
  tabs[0].session.join(rendered({ csrf: "new" }))
  await until(() => tabs[0].session.state === "live" && tabs[0].session.count === 1)
  assert.deepEqual([tabs[0].session.api.csrf, tabs[1].session.state], ["new", "signed-out"])
})

test("a browser that forbids storage, locks and channels: each tab works, and shows all", async () => {
  const page = newPage()
  for (const name of ["sessionStorage", "localStorage"]) {
    Object.defineProperty(page, name, {
      get() {
        throw new Error("SecurityError")
      },
    })
  }
  page.navigator = {}
  page.BroadcastChannel = undefined
  const { session, told } = open(page)
  await live({ session })
  site.add()
  await until(() => told.news.length === 1)
  session.markRead([1011])
  await until(() => site.count === 0)
  page.leave()
})

test("texts", () => {
  const strings = { title: "Notifications", bell: { one: "{count} unread", other: "{count} unread ones" }, from: "From {actor}" }
  const { session } = open(newPage(), { strings })
  assert.deepEqual(
    [session.t("title"), session.t("bell", {}, 1), session.t("bell", {}, 3), session.t("from", { actor: "Ana" }), session.t("x")],
    ["Notifications", "1 unread", "3 unread ones", "From Ana", "x"],
  )
})

test("one session per document and person", async () => {
  globalThis.window = newPage()
  const dataset = { user: String(user), epoch: "e1", rev: "10", count: "2", options: '{"sound": true}', apiUrl: rendered().apiUrl }
  const session = sessionOf({ dataset })
  sessions.push(session)
  assert.equal(sessionOf({ dataset: { ...dataset, csrf: "new" } }), session)
  assert.deepEqual([currentSession(), session.options, session.count, session.api.csrf], [session, { sound: true }, 2, "new"])
  session.connect()
  const other = sessionOf({ dataset: { ...dataset, user: "somebody" } })
  assert.notEqual(other, session)
  assert.equal(session.state, "idle")
  delete globalThis.window
})

test("a page that is left while its claim waits leaves the news to the next", async () => {
  const tab = new FakeStorage()
  const first = open(newPage({ tab }))
  await live(first)
  const { locks } = browser
  const request = locks.request.bind(locks)
  locks.request = (name, ...rest) => (name.includes(":announced:") ? new Promise(() => {}) : request(name, ...rest))
  site.add()
  await until(() => first.session.count === 1)
  first.page.leave()
  first.told.news.push = () => {} // it is gone
  browser.locks = new FakeLocks()
  const second = open(newPage({ tab }))
  await until(() => second.told.news.length === 1)
  assert.deepEqual(second.told.news, [11])
})

test("undo, archive and a removal in one breath, then the page is closed: all is done", async () => {
  for (let n = 0; n < 4; n++) site.add()
  const { session, page } = open()
  await live({ session })
  await session.load("all")
  session.archive([1011])
  session.remove([1012])
  const { undo } = session.remove([1013])
  assert.equal(undo(), true)
  session.markRead([1014])
  page.leave()
  await settle()
  assert.ok(site.rows.get(1011).archived_at && site.rows.get(1012).deleted && site.rows.get(1014).read_at)
  assert.ok(!site.rows.get(1013).deleted)
})

test("the same tab twice (duplicated): nothing pops up twice, and orders for the reload are done", async () => {
  const tab = new FakeStorage()
  const first = open(newPage({ tab }))
  await live(first)
  site.answers = false
  site.add()
  await until(() => first.session.count === 1)
  first.session.markRead([1011])
  await settle()
  const twin = open(newPage({ tab: new FakeStorage(tab) }))
  site.answers = true
  twin.page.dispatchEvent(new Event("online"))
  first.page.dispatchEvent(new Event("online"))
  await until(() => site.count === 0)
  await settle()
  assert.deepEqual([first.told.news, twin.told.news], [[11], []])
})

test("two people's pages in one browser: each has their own", async () => {
  const mine = open()
  user += 1
  const theirs = open()
  await live(mine, theirs)
  assert.equal(site.open.length, 2)
  site.open[0].hear("notification", { ...site.add({ quietly: true }), unread_count: 1 })
  await until(() => mine.told.news.length === 1)
  await settle()
  assert.deepEqual([theirs.told.news, theirs.session.count], [[], 0])
})

test("a session of somebody else's: REST refuses, and the page says that its person is signed out", async () => {
  const { session } = open(newPage(), { wsUrl: "" })
  await until(() => session.state === "polling")
  site.answers = 403
  mock.timers.tick(20_000)
  await until(() => session.state === "signed-out")
})

test("what was seen elsewhere while it waited pops up no more", async () => {
  const tabs = [open(newPage({ visible: false })), open(newPage({ visible: false }))]
  await live(...tabs)
  site.add()
  await until(() => tabs.every(({ session }) => session.count === 1))
  tabs[1].session.markSeen()
  await until(() => tabs[0].session.seenSeq === 11)
  tabs[0].page.look(true)
  await settle()
  assert.deepEqual(tabs[0].told.news, [])
})

test("what the person does not want to hear of is in the list and counted, and pops up in no tab", async () => {
  const options = { wishes: { off: ["system_alert"] } }
  const tabs = [open(undefined, { options, at: 1 }), open(newPage({ visible: false }), { options, at: 1 })]
  await live(...tabs)
  site.add()
  site.add({ type: "order_ready" })
  await until(() => tabs[0].told.news.length === 1)
  tabs[0].session.options.wishes.off.pop() // once decided, it is so for all tabs
  tabs[1].page.look(true)
  await settle()
  assert.deepEqual(tabs.map(({ told, session }) => [told.news, session.count]), [[[12], 2], [[], 2]])
})

test("quiet hours begin and end while the page is open", async () => {
  const { session, told } = open(undefined, { options: { wishes: { quiet: ["22:00", "07:00", "Asia/Kathmandu"] } } })
  await live({ session })
  let time
  mock.method(Date, "now", () => Date.parse(`2026-03-01T${time}Z`)) // 5 h 45 min before Nepal's
  for (time of ["16:14", "16:15", "23:59", "01:14", "01:15"]) {
    site.add({ subject: time })
    await until(() => session.news.oldest === Infinity && session.count === site.count)
    await settle()
  }
  assert.deepEqual([told.news, session.count], [[11, 15], 5])
})

test("pages that are open go by what the newest was rendered with, and not by an old page from a cache", async () => {
  const wishes = { off: ["system_alert"] }
  const first = open(undefined, { options: { sound: true }, at: 10 })
  await live(first)
  const second = open(undefined, { options: { sound: false, wishes }, at: 20 })
  await live(second)
  const cached = open(undefined, { options: { sound: true }, at: 10 })
  await live(cached)
  assert.deepEqual([first, second, cached].map(({ session }) => session.options.sound), [false, false, false])
  site.add()
  await until(() => first.session.count === 1)
  await settle()
  assert.deepEqual([first.told.news, second.told.news, cached.told.news], [[], [], []])
  cached.session.join(rendered({ options: { sound: true }, at: 30 }))
  assert.deepEqual([first, second].map(({ session }) => session.options), [{ sound: true }, { sound: true }])
})
