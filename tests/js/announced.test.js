import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { Announced } from "../../notifications/static/notifications/client/announced.js"
import { notification } from "./fakes.js"
import { FakeLocks, FakeStorage, settle } from "./site.js"

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }))
afterEach(() => mock.timers.reset())

const tab = (storage, locks = new FakeLocks(), epoch = "e1") => new Announced({ name: "n", epoch: () => epoch, storage, locks })
const ask = async (announced, ...seqs) => {
  const { claimed, denied } = await announced.claim(seqs.map(seq => notification(seq)))
  return [claimed, denied].map(list => list.map(({ seq }) => seq))
}
const claim = async (...args) => (await ask(...args))[0]

/** A tab that is granted each lock but that of 12, which it waits for. */
function waiting(storage, locks) {
  const ours = locks.tab()
  const request = (name, ...rest) => (name.endsWith(":12") ? new Promise(() => {}) : ours.request(name, ...rest))
  return { announced: tab(storage, { request }), close: ours.close }
}

test("each is claimed once, by whichever tab asks first, in whatever order", async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()]
  const tabs = [tab(storage, locks), tab(storage, locks), tab(storage, locks)]
  const claims = await Promise.all([claim(tabs[0], 12), claim(tabs[1], 11, 12), claim(tabs[2], 11, 13), claim(tabs[0], 11, 13)])
  assert.deepEqual(claims, [[12], [11], [13], []])
  assert.deepEqual(await claim(tab(storage, locks), 11, 12, 13), [])
})

test("what one process stores, another sees late: the lock tells it meanwhile", async () => {
  const locks = new FakeLocks()
  assert.deepEqual(await claim(tab(new FakeStorage(), locks), 11), [11])
  const late = tab(new FakeStorage(), locks) // where nothing of it has arrived
  assert.deepEqual(await claim(late, 11, 12), [12])
  mock.timers.tick(3_000)
  await settle()
  assert.deepEqual(await claim(late, 11), [11]) // by then it has, or the storage is of no use
})

test("a tab that closes with the lock, before it has saved, leaves it to the others; one of them gets it", async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()]
  const closing = waiting(storage, locks)
  closing.announced.claim([notification(11), notification(12)])
  await settle()
  const others = [tab(storage, locks), tab(storage, locks)]
  for (const other of others) assert.deepEqual(await ask(other, 11), [[], [11]])
  closing.close()
  await settle()
  const answers = await Promise.all(others.map(other => ask(other, 11)))
  assert.deepEqual(answers, [[[11], []], [[], [11]]])
  assert.deepEqual(await ask(others[1], 11), [[], []])
})

test("the lock is held until all must have seen what was saved, however long it took to get the others", async () => {
  const locks = new FakeLocks()
  let grant
  const slow = (name, options, callback) => {
    const waits = name.endsWith(":12") ? new Promise(resolve => (grant = resolve)) : Promise.resolve()
    return waits.then(() => locks.request(name, options, callback))
  }
  const claiming = claim(tab(new FakeStorage(), { request: slow }), 11, 12)
  await settle()
  mock.timers.tick(3_000)
  grant()
  assert.deepEqual(await claiming, [11, 12])
  const late = tab(new FakeStorage(), locks)
  mock.timers.tick(2_999)
  await settle()
  assert.deepEqual(await ask(late, 11), [[], [11]])
  mock.timers.tick(1)
  await settle()
  assert.deepEqual(await ask(late, 11), [[11], []])
})

test("what another tab has saved while this one waited for the lock is that one's", async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()]
  let ask
  const slow = (...all) => new Promise(resolve => (ask = resolve)).then(() => locks.request(...all))
  const claiming = claim(tab(storage, { request: slow }), 11)
  assert.deepEqual(await claim(tab(storage, locks), 11), [11])
  mock.timers.tick(3_000)
  await settle()
  ask()
  assert.deepEqual(await claiming, [])
})

test("a new epoch counts anew, and what was claimed in the old is forgotten", async () => {
  const storage = new FakeStorage()
  await claim(tab(storage), 11)
  assert.deepEqual(await claim(tab(storage, undefined, "e2"), 11), [11])
  assert.deepEqual([...storage.keys()], ["n:e2:11"])
})

test("sent by hand, it is claimed by its key", async () => {
  const storage = new FakeStorage()
  const byHand = { subject: "By hand", key: "k" }
  const claims = [await tab(storage).claim([byHand]), await tab(storage).claim([byHand])]
  assert.deepEqual(claims.map(({ claimed }) => claimed), [[byHand], []])
})

test("what is remembered is bounded, and the oldest count as claimed", async () => {
  const storage = new FakeStorage()
  const ours = tab(storage)
  for (let seq = 1; seq <= 2_000; seq++) await claim(ours, seq)
  assert.ok(storage.size <= 301)
  assert.deepEqual(await claim(ours, 1, 1_000, 1_999, 2_000, 2_001), [2_001])
})

test("without storage or locks a tab still shows nothing twice", async () => {
  const full = { getItem: () => null, setItem: () => { throw new Error("QuotaExceededError") } }
  const forbidden = { request: () => Promise.reject(new Error("SecurityError")) }
  for (const ours of [tab(null, null), tab(full, null), tab(full, forbidden), tab(new FakeStorage([["n:e1:upTo", "{"]]), null)]) {
    assert.deepEqual([await claim(ours, 11, 12), await claim(ours, 11, 13)], [[11, 12], [13]])
  }
})
