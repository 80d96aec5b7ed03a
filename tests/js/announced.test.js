import assert from "node:assert/strict"
import { test } from "node:test"

import { Announced } from "../../notifications/static/notifications/client/announced.js"
import { notification } from "./fakes.js"
import { FakeLocks } from "./site.js"

class FakeStorage extends Map {
  getItem = key => this.get(key) ?? null
  setItem = (key, value) => this.set(key, value)
}

const tab = (storage, locks = new FakeLocks(), epoch = "e1") => new Announced({ name: "n", epoch: () => epoch, storage, locks })
const claim = async (announced, ...seqs) => (await announced.claim(seqs.map(seq => notification(seq)))).map(({ seq }) => seq)

test("each is claimed once, by whichever tab asks first, in whatever order", async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()]
  const tabs = [tab(storage, locks), tab(storage, locks), tab(storage, locks)]
  const claims = await Promise.all([claim(tabs[0], 12), claim(tabs[1], 11, 12), claim(tabs[2], 11, 13), claim(tabs[0], 11, 13)])
  assert.deepEqual(claims, [[12], [11], [13], []])
  assert.deepEqual(await claim(tab(storage, locks), 11, 12, 13), [])
})

test("a new epoch counts anew", async () => {
  const storage = new FakeStorage()
  await claim(tab(storage), 11)
  assert.deepEqual(await claim(tab(storage, undefined, "e2"), 11), [11])
})

test("sent by hand, it is claimed by its key", async () => {
  const storage = new FakeStorage()
  const byHand = { subject: "By hand", key: "k" }
  assert.deepEqual([await tab(storage).claim([byHand]), await tab(storage).claim([byHand])], [[byHand], []])
})

test("what is remembered is bounded, and the oldest count as claimed", async () => {
  const storage = new FakeStorage()
  const ours = tab(storage)
  for (let seq = 1; seq <= 2_000; seq++) await claim(ours, seq)
  assert.ok(JSON.parse(storage.get("n")).claimed.length <= 300)
  assert.deepEqual(await claim(ours, 1, 1_000, 1_999, 2_000, 2_001), [2_001])
})

test("without storage or locks a tab still shows nothing twice", async () => {
  const full = { getItem: () => null, setItem: () => { throw new Error("QuotaExceededError") } }
  const forbidden = { request: () => Promise.reject(new Error("SecurityError")) }
  for (const ours of [tab(null, null), tab(full, null), tab(full, forbidden), tab(new FakeStorage([["n", "{"]]), null)]) {
    assert.deepEqual([await claim(ours, 11, 12), await claim(ours, 11, 13)], [[11, 12], [13]])
  }
})
