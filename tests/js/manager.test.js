import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { WebSocketNotificationManager } from "../../notifications/static/notifications/websocket-notifications.js"
import { FakeSocket, notification } from "./fakes.js"

const WS_URL = "ws://shop.example/ws/notifications"

/** @type {Array<[string, any]>} what the callbacks were told */
let told

function manager(options = {}) {
  const note = name => value => told.push([name, value])
  return new WebSocketNotificationManager({
    wsUrl: WS_URL,
    onConnect: note("connect"),
    onDisconnect: note("disconnect"),
    onNotification: note("notification"),
    onError: note("error"),
    onCount: note("count"),
    onChange: note("change"),
    ...options,
  })
}

const toldAs = name => told.filter(([kind]) => kind === name).map(([, value]) => value)

/** Let promises that are due run. */
const settle = () => new Promise(resolve => setImmediate(resolve))

beforeEach(() => {
  told = []
  FakeSocket.opened = []
  globalThis.WebSocket = FakeSocket
  mock.timers.enable({ apis: ["setTimeout"] })
  mock.method(Math, "random", () => 1)
})

afterEach(() => {
  mock.timers.reset()
  mock.restoreAll()
})

test("the class is a global, as the original's was", () => {
  assert.equal(globalThis.WebSocketNotificationManager, WebSocketNotificationManager)
})

test("it connects with user and key, and the key is not in the address", () => {
  manager({ userId: 123, apiKey: "dev" }).connect()
  const { url, protocols } = FakeSocket.last
  assert.equal(url.href, `${WS_URL}?user_id=123`)
  assert.deepEqual(protocols, ["notifications.v2", "key.ZGV2"])
})

test("it is up at the greeting, not before", () => {
  const live = manager()
  live.connect()
  assert.deepEqual([live.state, told.length, live.markRead(1)], ["connecting", 0, false])
  FakeSocket.last.greet()
  assert.deepEqual([live.state, toldAs("connect")[0].user_id, toldAs("count")], ["live", 1, [2]])
})

test("connecting twice is once", () => {
  const live = manager()
  live.connect()
  live.connect()
  FakeSocket.last.greet()
  live.connect()
  assert.equal(FakeSocket.opened.length, 1)
})

test("a ping is answered, and nothing else is said unasked", () => {
  manager().connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("ping")
  assert.deepEqual(FakeSocket.last.sent, [{ type: "pong" }])
})

test("notifications, counts and commands go their ways", () => {
  const live = manager()
  live.connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("notification", { ...notification(11), unread_count: 3 })
  assert.deepEqual([toldAs("notification")[0].subject, toldAs("count")], ["Number 11", [2, 3]])
  assert.equal(live.markRead(1011), true)
  assert.equal(live.markUnread(1011), true)
  assert.equal(live.markAllRead(11), true)
  assert.deepEqual(FakeSocket.last.sent, [
    { type: "mark_read", notification_id: 1011 },
    { type: "mark_unread", notification_id: 1011 },
    { type: "mark_all_read", up_to_seq: 11 },
  ])
})

test("a lost connection comes back where it stood, at a random moment within 2 s", () => {
  const live = manager()
  live.connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("notification", { ...notification(11), unread_count: 3 })
  FakeSocket.last.end(1006)
  assert.equal(live.state, "reconnecting")
  assert.deepEqual(toldAs("disconnect"), [{ code: 1006, reason: "", final: false }])
  mock.timers.tick(1_999)
  assert.equal(FakeSocket.opened.length, 1)
  mock.timers.tick(1)
  assert.equal(FakeSocket.last.url.search, "?since=11&epoch=e1")
  FakeSocket.last.greet({ rev: 12 })
  FakeSocket.last.hear("notification", { ...notification(11), replay: true, unread_count: 4 })
  FakeSocket.last.hear("notification", { ...notification(12), replay: true, unread_count: 4 })
  FakeSocket.last.hear("sync_complete", { rev: 12, seen_seq: 0, unread_count: 4 })
  assert.deepEqual(toldAs("notification").map(each => each.seq), [11, 12])
})

test("the pauses grow to 30 s and shrink only at a greeting", () => {
  manager().connect()
  const pauses = []
  for (let attempt = 0; attempt < 6; attempt++) {
    FakeSocket.last.end(1006)
    const before = FakeSocket.opened.length
    let waited = 0
    while (FakeSocket.opened.length === before) {
      mock.timers.tick(1_000)
      waited += 1
    }
    pauses.push(waited)
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 30, 30])
  FakeSocket.last.greet()
  FakeSocket.last.end(1006)
  mock.timers.tick(2_000)
  assert.equal(FakeSocket.opened.length, 8)
})

for (const [code, state] of [
  [1000, "idle"],
  [1008, "signed-out"],
  [1009, "idle"],
  [4400, "idle"],
  [4403, "signed-out"],
  [4410, "signed-out"],
])
  test(`${code} is final`, () => {
    const live = manager()
    live.connect()
    FakeSocket.last.hear("error", { code: "unauthorized", message: "Unauthorized" })
    FakeSocket.last.end(code, "Unauthorized")
    mock.timers.tick(600_000)
    live.resume()
    assert.equal(FakeSocket.opened.length, 1)
    assert.equal(live.state, state)
    assert.deepEqual(toldAs("error"), [{ code: "unauthorized", message: "Unauthorized" }])
    assert.deepEqual(toldAs("disconnect"), [{ code, reason: "Unauthorized", final: true }])
  })

test("a restarting server is given the time it asks for", () => {
  manager().connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("server_closing", { retry_after_ms: 5_000 })
  FakeSocket.last.end(1012)
  mock.timers.tick(6_999)
  assert.equal(FakeSocket.opened.length, 1)
  mock.timers.tick(1)
  assert.equal(FakeSocket.opened.length, 2)
})

test("too many connections: once a minute", () => {
  manager().connect()
  FakeSocket.last.end(4409)
  mock.timers.tick(59_999)
  assert.equal(FakeSocket.opened.length, 1)
  mock.timers.tick(1)
  assert.equal(FakeSocket.opened.length, 2)
})

test("disconnect() is final, tells so, and hears nothing more", () => {
  const live = manager()
  live.connect()
  const socket = FakeSocket.last
  socket.greet()
  live.disconnect()
  assert.equal(socket.closedWith, 1000)
  socket.hear("notification", notification(11))
  socket.end(1006)
  mock.timers.tick(600_000)
  assert.deepEqual([live.state, FakeSocket.opened.length], ["idle", 1])
  assert.deepEqual(toldAs("disconnect"), [{ code: 1000, reason: "", final: true }])
  assert.deepEqual(toldAs("notification"), [])
  live.connect()
  assert.equal(FakeSocket.last.url.search, "?since=10&epoch=e1")
})

test("disconnect() while it waits to try again ends that", () => {
  const live = manager()
  live.connect()
  FakeSocket.last.end(1006)
  live.disconnect()
  mock.timers.tick(600_000)
  assert.equal(FakeSocket.opened.length, 1)
})

test("back on the network it does not wait out the pause", () => {
  const live = manager()
  live.connect()
  FakeSocket.last.end(1006)
  live.resume()
  assert.equal(FakeSocket.opened.length, 2)
  FakeSocket.last.greet()
  mock.timers.tick(10_000)
  assert.equal(FakeSocket.opened.length, 2)
})

test("back from the page cache it asks for what it missed", () => {
  const live = manager()
  live.connect()
  FakeSocket.last.greet()
  live.resume()
  assert.deepEqual(FakeSocket.last.sent, [{ type: "sync", since: 10, epoch: "e1" }])
})

test("a server that falls silent is left, and so is one that never greets", () => {
  const live = manager()
  live.connect()
  mock.timers.tick(15_000)
  assert.deepEqual([live.state, toldAs("disconnect").length], ["reconnecting", 1])
  mock.timers.tick(2_000)
  FakeSocket.last.greet({ ping_interval: 10 })
  mock.timers.tick(24_000)
  FakeSocket.last.hear("ping")
  mock.timers.tick(24_000)
  assert.equal(live.state, "live")
  mock.timers.tick(1_000)
  assert.equal(live.state, "reconnecting")
})

test("an address that cannot be one is an error, not an endless loop", () => {
  globalThis.WebSocket = class {
    constructor() {
      throw new SyntaxError("no such port")
    }
  }
  const live = manager()
  live.connect()
  mock.timers.tick(600_000)
  assert.equal(live.state, "idle")
  assert.deepEqual(toldAs("error").map(error => error.code), ["cannot_connect"])
})

test("resync fetches the list with the key in a header, and goes on from there", async () => {
  const list = { epoch: "e2", rev: 3, seen_seq: 0, unread_count: 1, notifications: [notification(3)] }
  const fetched = mock.method(globalThis, "fetch", async () => Response.json(list))
  manager({ userId: 123, apiKey: "dev" }).connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("resync_required", { reason: "epoch", epoch: "e2", rev: 3 })
  FakeSocket.last.hear("notification", { ...notification(4), unread_count: 2 })
  await settle()
  const [url, { headers }] = fetched.mock.calls[0].arguments
  assert.equal(String(url), "http://shop.example/api/notifications?user_id=123")
  assert.equal(headers["X-API-Key"], "dev")
  assert.deepEqual(toldAs("change").map(change => change.kind), ["reset", "upsert"])
  assert.deepEqual(toldAs("count"), [2, 1, 2])
  assert.deepEqual(toldAs("notification").map(each => each.seq), [4])
  FakeSocket.last.end(1006)
  mock.timers.tick(2_000)
  assert.equal(FakeSocket.last.url.search, "?user_id=123&since=4&epoch=e2")
})

test("a list that cannot be had is tried again, and says so", async () => {
  const answers = [new Response("", { status: 503 }), Response.json({ epoch: "e2", rev: 3, unread_count: 1, notifications: [] })]
  mock.method(globalThis, "fetch", async () => answers.shift())
  manager().connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("resync_required", { reason: "epoch", epoch: "e2", rev: 3 })
  await settle()
  assert.deepEqual(toldAs("error"), [{ code: "list_unavailable", message: "Error: /api/notifications answered 503" }])
  mock.timers.tick(2_000)
  await settle()
  assert.deepEqual(toldAs("change").map(change => change.kind), ["reset"])
})

test("a list that was asked for on a lost connection changes nothing", async () => {
  let answer
  mock.method(globalThis, "fetch", () => new Promise(resolve => (answer = resolve)))
  manager().connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("resync_required", { reason: "too_far", epoch: "e1", rev: 900 })
  FakeSocket.last.end(1006)
  answer(Response.json({ epoch: "e1", rev: 900, unread_count: 1, notifications: [] }))
  await settle()
  assert.deepEqual(toldAs("change"), [])
  mock.timers.tick(2_000)
  assert.equal(FakeSocket.last.url.search, "?since=10&epoch=e1")
  FakeSocket.last.greet({ rev: 11 })
  FakeSocket.last.hear("notification", { ...notification(11), replay: true, unread_count: 3 })
  assert.deepEqual(toldAs("change").map(change => change.kind), ["upsert"])
})

test("a callback that throws costs the others nothing, and is not hidden", () => {
  const broken = manager({
    onChange: () => {
      throw new Error("the page's own mistake")
    },
  })
  broken.connect()
  FakeSocket.last.greet()
  FakeSocket.last.hear("notification", { ...notification(11), unread_count: 3 })
  assert.deepEqual([toldAs("count"), toldAs("notification").length], [[2, 3], 1])
  assert.throws(() => mock.timers.tick(1), /the page's own mistake/)
})
