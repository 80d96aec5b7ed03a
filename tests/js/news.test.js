import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { Announced } from "../../notifications/static/notifications/client/announced.js"
import { News } from "../../notifications/static/notifications/client/news.js"
import { Store } from "../../notifications/static/notifications/client/store.js"
import { notification } from "./fakes.js"
import { FakeLocks, FakeStorage, settle } from "./site.js"

let locks
let storage

beforeEach(() => {
  ;[locks, storage] = [new FakeLocks(), new FakeStorage()]
  mock.timers.enable({ apis: ["setTimeout"] })
})
afterEach(() => mock.timers.reset())

/** A tab that somebody looks at, and what popped up in it. */
function open({ request = null } = {}) {
  const ours = locks.tab()
  const shown = []
  const store = new Store()
  const announced = new Announced({ name: "n", epoch: () => "e1", storage, locks: request ? { request } : ours })
  const news = new News({ announced, store, visible: () => true, show: some => shown.push(...some.map(({ seq }) => seq)) })
  const hear = (...seqs) => {
    for (const seq of seqs) {
      store.apply({ kind: "upsert", notification: notification(seq) })
      news.add(notification(seq))
    }
    news.claim()
  }
  return { news, store, shown, hear, close: ours.close, ours }
}

/** One that is granted its first lock and waits for the next, until it is closed. */
function stuck() {
  const { ours } = open()
  let asked = 0
  const tab = open({ request: (...all) => (asked++ === 0 ? ours.request(...all) : new Promise(() => {})) })
  return { ...tab, close: ours.close }
}

test("what a tab took that closes before it has shown it, pops up in one of the others, and counts as waiting", async () => {
  const closing = stuck()
  closing.hear(11, 12)
  await settle()
  const others = [open(), open()]
  for (const { hear } of others) hear(11)
  await settle()
  assert.deepEqual(others.map(({ shown, news }) => [shown, news.oldest]), [[[], 11], [[], 11]])
  closing.close()
  for (let round = 0; round < 2; round++) {
    await settle()
    mock.timers.tick(3_500)
  }
  await settle()
  assert.deepEqual(others.flatMap(({ shown }) => shown), [11])
  assert.deepEqual(others.map(({ news }) => news.oldest), [Infinity, Infinity])
})

test("what the other tab has shown pops up nowhere else", async () => {
  const [first, second] = [open(), open()]
  first.hear(11)
  second.hear(11)
  await settle()
  assert.deepEqual([first.shown, second.shown, second.news.oldest], [[11], [], 11])
  mock.timers.tick(3_500)
  await settle()
  assert.deepEqual([first.shown, second.shown, second.news.oldest], [[11], [], Infinity])
})

test("while it waits to ask again, what else arrives pops up at once", async () => {
  const [first, second] = [open(), open()]
  first.hear(11)
  second.hear(11, 12)
  await settle()
  assert.deepEqual([first.shown, second.shown], [[11], [12]])
})

test("what was read meanwhile pops up no more, and nothing does for who has signed out", async () => {
  const closing = stuck()
  closing.hear(11, 12)
  await settle()
  const [reads, leaves] = [open(), open()]
  for (const { hear } of [reads, leaves]) hear(11)
  await settle()
  closing.close()
  reads.store.apply({ kind: "read", read: true, ids: [1011], upToSeq: null, rev: 13 })
  leaves.news.clear()
  await settle()
  mock.timers.tick(3_500)
  await settle()
  assert.deepEqual([reads.shown, leaves.shown, reads.news.oldest], [[], [], Infinity])
})

test("a hidden tab that may tell the desktop lets those go first that somebody looks at", async () => {
  const hidden = open()
  hidden.news.visible = () => false
  hidden.news.hiddenToo = () => true
  const looked = open()
  for (const { hear } of [hidden, looked]) hear(11)
  await settle()
  looked.close()
  hidden.hear(12)
  mock.timers.tick(1_000)
  await settle()
  assert.deepEqual([hidden.shown, looked.shown], [[12], [11]])
})
