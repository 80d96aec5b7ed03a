import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { Api } from "../../notifications/static/notifications/client/api.js"
import { Feed } from "../../notifications/static/notifications/client/feed.js"
import { Stream } from "../../notifications/static/notifications/client/stream.js"
import { FakeLocks, settle, Site, until } from "./site.js"

let site
let locks
let tabs
let user = 100

/** One document: what it heard of, and where it stands. */
function tab({ since = site.rev, start = true, ...more } = {}) {
  const heard = { news: [], count: null, states: [], visible: true }
  const api = new Api({ apiUrl: "http://shop.example/api/notifications", user: String(user), fetch: site.fetch })
  const stream = new Stream({ since, epoch: site.epoch })
  const effects = all => {
    for (const effect of all) {
      if ("announce" in effect) heard.news.push(effect.announce.seq ?? effect.announce.subject)
      if ("count" in effect) heard.count = effect.count
    }
  }
  const feed = new Feed({
    user: String(user),
    wsUrl: "ws://shop.example/ws/notifications",
    api,
    stream,
    locks,
    visible: () => heard.visible,
    on: { effects, state: state => heard.states.push(state) },
    ...more,
  })
  const made = { feed, stream, heard, rev: () => stream.cursor.since }
  tabs.push(made)
  if (start) feed.start()
  return made
}

const changesAsked = () => site.requests.filter(([, path]) => path.startsWith("/changes")).length

beforeEach(() => {
  site = new Site()
  locks = new FakeLocks()
  tabs = []
  user += 1 // real channels: no test shall hear another
  globalThis.WebSocket = site.WebSocket
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
  mock.method(Math, "random", () => 0.5)
})

afterEach(() => {
  for (const { feed } of tabs) feed.stop()
  mock.timers.reset()
  mock.restoreAll()
})

test("of many tabs one has a socket, and all hear the same", async () => {
  const all = [tab(), tab(), tab()]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  for (let n = 0; n < 3; n++) site.add()
  await until(() => all.every(({ rev }) => rev() === 13))
  assert.equal(site.sockets.length, 1)
  for (const { heard } of all) assert.deepEqual([heard.news, heard.count], [[11, 12, 13], 3])
  assert.equal(changesAsked(), 0)
})

test("when the leader closes, another leads, and what came in between is heard once", async () => {
  const [first, second, third] = [tab(), tab(), tab()]
  await until(() => third.feed.state === "live")
  site.add()
  await until(() => third.rev() === 11)
  first.feed.stop()
  site.add()
  await until(() => site.open.length === 1 && third.rev() === 12 && second.rev() === 12)
  site.add()
  await until(() => third.rev() === 13 && second.rev() === 13)
  assert.deepEqual([site.sockets.length, site.open.length], [2, 1])
  assert.equal(site.open[0].url.search, "?user_id=" + user + "&since=11&epoch=e1")
  for (const { heard } of [second, third]) assert.deepEqual(heard.news, [11, 12, 13])
  assert.deepEqual([first.feed.state, first.heard.news], ["idle", [11]])
})

test("a hundred notifications while tabs come and go: each tab hears each after it was drawn, once, in order", async () => {
  const living = [tab(), tab(), tab()]
  const drawnAt = new Map(living.map(each => [each, 10]))
  await until(() => living[0].feed.state === "live")
  for (let n = 1; n <= 100; n++) {
    site.add({ quietly: n % 13 === 0 }) // some hints are lost: the next one shows it
    if (n % 10 === 0) living.shift().feed.stop()
    if (n % 10 === 5) {
      const made = tab()
      drawnAt.set(made, site.rev)
      living.push(made)
    }
    if (n % 3 === 0) await settle(n % 7)
  }
  site.add()
  await until(() => living.every(({ feed }) => feed.state === "live") && site.open.length === 1)
  site.add()
  await until(() => living.every(({ rev }) => rev() === site.rev))
  assert.ok(living.length >= 2)
  for (const each of living) {
    const drawn = drawnAt.get(each)
    const expected = Array.from({ length: site.rev - drawn }, (_, at) => drawn + 1 + at)
    assert.deepEqual(each.heard.news, expected)
    assert.equal(each.heard.count, site.count)
  }
})

test("a replay that begins after where a follower stands is not taken for all: it asks itself", async () => {
  const leader = tab()
  await until(() => leader.feed.state === "live")
  site.add()
  site.add()
  const behind = tab({ since: 9, start: false })
  site.rows.set(1010, { ...site.rows.get(1011), id: 1010, seq: 10, rev: 10 })
  site.add({ quietly: true })
  behind.feed.start()
  await settle()
  leader.feed.wake() // it syncs from 12, and passes on what that brings
  await until(() => behind.rev() === 13)
  assert.deepEqual(behind.heard.news, [10, 11, 12, 13])
  assert.deepEqual(leader.heard.news, [11, 12, 13])
})

test("a follower that opens in the midst of a replay does not lose its beginning", async () => {
  const leader = tab()
  await until(() => leader.feed.state === "live")
  const [socket] = site.sockets
  const rows = [site.add({ quietly: true }), site.add({ quietly: true }), site.add({ quietly: true })]
  socket.hear("notification", { ...rows[0], unread_count: 3, replay: true })
  const late = tab({ since: 10 })
  await settle()
  for (const row of rows.slice(1)) socket.hear("notification", { ...row, unread_count: 3, replay: true })
  socket.hear("sync_complete", { rev: 13, seen_seq: 0, unread_count: 3 })
  await until(() => late.rev() === 13)
  assert.deepEqual([late.heard.news, late.heard.count], [[11, 12, 13], 3])
})

test("a new tab whose page is older than the leader's news asks for what it lacks", async () => {
  const leader = tab()
  await until(() => leader.feed.state === "live")
  site.add()
  const late = tab({ since: 10 })
  await until(() => late.rev() === 11)
  assert.deepEqual([late.heard.news, late.feed.state, site.sockets.length], [[11], "live", 1])
})

test("a new epoch: all tabs leave the old names, and one socket serves them again", async () => {
  const all = [tab(), tab(), tab()]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  site.add()
  await until(() => all.every(({ rev }) => rev() === 11))
  site.restore()
  await until(() => all.every(({ stream }) => stream.cursor.epoch === "e2"))
  await until(() => all.every(({ feed }) => feed.state === "live") && site.open.length === 1)
  site.add()
  await until(() => all.every(({ rev }) => rev() === 4))
  for (const { heard } of all) assert.deepEqual([heard.news, heard.count], [[11, 4], 2])
  assert.equal(site.open.length, 1)
})

test("signed out: all stop, and nothing tries again", async () => {
  const all = [tab(), tab()]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  site.accepts = 1008
  site.answers = 403
  site.open[0].end(4410, "Access ended")
  await until(() => all.every(({ feed }) => feed.state === "signed-out"))
  await settle()
  const before = [site.sockets.length, site.requests.length]
  mock.timers.tick(600_000)
  for (const { feed } of all) feed.wake()
  await settle()
  assert.deepEqual([site.sockets.length, site.requests.length], before)
})

test("a session that a new password has replaced: the cookie opens another socket, in every tab", async () => {
  const all = [tab(), tab()]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  const states = new Set()
  for (const { feed } of all) feed.on.state = state => states.add(state)
  site.open[0].end(4410, "Access ended")
  await until(() => site.open.length === 1 && all.every(({ feed }) => feed.state === "live"))
  assert.equal(states.has("signed-out"), false)
})

test("a socket that is refused for good beside a REST that is not: polling", async () => {
  site.accepts = 4403
  const alone = tab()
  await until(() => site.sockets.length === 2)
  await settle()
  mock.timers.tick(50_000)
  await settle()
  assert.deepEqual([site.sockets.length, alone.feed.state], [2, "polling"])
})

test("REST that refuses means signed out, too", async () => {
  const alone = tab({ wsUrl: "" })
  site.answers = 403
  mock.timers.tick(20_000)
  await until(() => alone.feed.state === "signed-out")
})

test("three failures in a row: polling, for all tabs; when the socket is up, it ends", async () => {
  site.accepts = false
  const [leader, follower] = [tab(), tab()]
  for (let failure = 0; failure < 3; failure++) {
    await until(() => site.sockets.length === failure + 1)
    await settle()
    assert.equal(leader.feed.state, failure < 2 ? "reconnecting" : "polling")
    mock.timers.tick(5_000)
  }
  site.add()
  mock.timers.tick(15_000)
  await until(() => leader.rev() === 11 && follower.rev() === 11)
  assert.deepEqual([follower.feed.state, follower.heard.news], ["polling", [11]])
  site.accepts = true
  mock.timers.tick(30_000)
  await until(() => leader.feed.state === "live" && follower.feed.state === "live")
  const asked = changesAsked()
  mock.timers.tick(14_000)
  await settle()
  assert.equal(changesAsked(), asked)
  site.add()
  await until(() => follower.rev() === 12)
  assert.deepEqual([leader.heard.news, follower.heard.news], [[11, 12], [11, 12]])
})

test("too many connections: it polls, and tries again after a minute", async () => {
  site.accepts = 4409
  const { feed } = tab()
  await until(() => feed.state === "polling")
  site.accepts = true
  mock.timers.tick(59_000)
  await settle()
  assert.deepEqual([site.sockets.length, feed.state], [1, "polling"])
  mock.timers.tick(1_000)
  await until(() => feed.state === "live")
})

test("without a socket's address it polls from the start", async () => {
  const { feed, rev } = tab({ wsUrl: "" })
  await until(() => feed.state === "polling")
  await settle()
  site.add()
  mock.timers.tick(15_000)
  await until(() => rev() === 11)
  assert.equal(site.sockets.length, 0)
})

test("without locks or channels each tab is for itself", async () => {
  const all = [tab({ locks: null }), tab({ Channel: null }), tab({ Channel: class { constructor() { throw new Error() } } })]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  site.add()
  assert.deepEqual([site.open.length, ...all.map(({ heard }) => heard.news)], [3, [11], [11], [11]])
})

test("a leader that hangs: a follower that is looked at asks for itself", async () => {
  const name = `notifications:${user}:e1`
  locks.request(name, () => new Promise(() => {})) // holds the lock, and does nothing
  const follower = tab()
  site.add()
  await settle()
  mock.timers.tick(2_000)
  await until(() => follower.rev() === 11)
  site.add()
  mock.timers.tick(22_000)
  await settle()
  mock.timers.tick(2_000)
  await until(() => follower.rev() === 12)
  assert.equal(site.sockets.length, 0)
})

test("a follower comes back from the page cache and asks its leader where it stands", async () => {
  const [leader, follower] = [tab(), tab()]
  await until(() => follower.feed.state === "live")
  follower.feed.stop()
  site.add()
  follower.feed.start()
  await until(() => follower.rev() === 11)
  leader.feed.stop()
  await until(() => site.open.length === 1)
  leader.feed.start()
  site.add()
  await until(() => leader.rev() === 12 && follower.rev() === 12)
  assert.deepEqual([leader.heard.news, follower.heard.news, site.open.length], [[11, 12], [11, 12], 1])
})

test("somebody looks after a while: a live leader syncs, and leaves a network that does not answer", async () => {
  const { feed } = tab()
  await until(() => feed.state === "live")
  const [socket] = site.sockets
  socket.send = text => socket.sent.push(JSON.parse(text))
  feed.wake()
  assert.deepEqual(socket.sent.at(-1), { type: "sync", since: 10, epoch: "e1" })
  mock.timers.tick(5_000)
  assert.equal(feed.state, "reconnecting")
})

test("two people in one browser do not hear each other", async () => {
  const one = tab()
  user += 1
  const other = tab()
  await until(() => one.feed.state === "live" && other.feed.state === "live")
  site.sockets[0].hear("notification", { ...site.add({ quietly: true }), unread_count: 1 })
  await settle()
  assert.deepEqual([one.heard.news, other.heard.news], [[11], []])
})

test("what a listener throws stops nothing", async () => {
  const failing = tab({ on: { effects: () => { throw new Error("theirs") }, state: () => {} } })
  await until(() => failing.feed.state === "live")
  site.add()
  site.add()
  await until(() => failing.rev() === 12)
})

test("sent by hand: every tab hears it, under one key", async () => {
  const all = [tab(), tab()]
  await until(() => all.every(({ feed }) => feed.state === "live"))
  site.tell("notification", { subject: "By hand" })
  await until(() => all.every(({ heard }) => heard.news.length === 1))
  assert.deepEqual(all.map(({ rev }) => rev()), [10, 10])
})

test("a replay while the leader's list is on its way is nobody's to go on from", async () => {
  const [leader, follower] = [tab(), tab()]
  await until(() => follower.feed.state === "live")
  const [socket] = site.sockets
  let answer
  const { fetch } = site
  leader.feed.api.fetch = (...asked) => new Promise(resolve => (answer = () => resolve(fetch(...asked))))
  follower.feed.api.fetch = () => Promise.reject(new TypeError("no network yet"))
  for (let n = 0; n < 5; n++) site.add({ quietly: true })
  socket.hear("resync_required", { reason: "too_far", epoch: "e1", rev: 15 }) // the server goes on from 15
  socket.hear("notification", { ...site.add({ quietly: true }), unread_count: 6, replay: true })
  socket.hear("sync_complete", { rev: 16, seen_seq: 0, unread_count: 6 })
  await settle()
  assert.deepEqual([leader.rev(), follower.rev()], [10, 10])
  follower.feed.api.fetch = fetch
  answer()
  mock.timers.tick(10_000)
  await until(() => leader.rev() === 16 && follower.rev() === 16)
  assert.deepEqual([leader.heard.news, follower.heard.news], [[11, 12, 13, 14, 15, 16], [11, 12, 13, 14, 15, 16]])
})

test("a leader behind other windows tries again too rarely: a follower that is looked at asks meanwhile", async () => {
  const [leader, follower] = [tab(), tab()]
  await until(() => follower.feed.state === "live")
  leader.feed.random = () => 1
  site.accepts = false
  site.open[0].end(1006)
  await until(() => follower.feed.state === "reconnecting")
  site.add()
  // Of all clocks only the follower's runs.
  await Promise.resolve(mock.timers.tick(20_000))
  await until(() => follower.rev() === 11)
  assert.deepEqual(follower.heard.news, [11])
})

test("the last frame before a leader dies is late: whoever follows it up has it, once", async () => {
  const [leader, follower] = [tab(), tab()]
  await until(() => follower.feed.state === "live")
  const row = site.add({ quietly: true })
  site.open[0].hear("notification", { ...row, unread_count: 1 })
  leader.feed.stop() // the frame is still on its way through the channel
  await until(() => site.open.length === 1 && follower.feed.state === "live")
  await until(() => follower.rev() === 11)
  await settle()
  assert.deepEqual([follower.heard.news, follower.heard.count], [[11], 1])
})

test("REST answers that overtake each other and the socket: nothing twice, the count is the last", async () => {
  const { feed, rev, heard } = tab()
  await until(() => feed.state === "live")
  const { fetch } = site
  const waiting = []
  feed.api.fetch = async (...asked) => {
    const answer = await fetch(...asked)
    await new Promise(resolve => waiting.push(resolve))
    return answer
  }
  site.add({ quietly: true })
  feed.poller.pollNow()
  await settle()
  site.tell("notification", { ...site.rows.get(1011), unread_count: 1 })
  site.add()
  site.act({ action: "mark_read", notification_ids: [1011] })
  waiting.shift()()
  await settle()
  assert.deepEqual([rev(), heard.news, heard.count], [13, [11, 12], 1])
})
