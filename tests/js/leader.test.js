import assert from "node:assert/strict"
import { test } from "node:test"

import { Leader } from "../../notifications/static/notifications/client/leader.js"
import { FakeLocks, settle } from "./site.js"

function tabs(locks, number = 3) {
  const leading = new Set()
  const made = Array.from({ length: number }, (_, tab) => {
    const lead = signal => {
      leading.add(tab)
      signal.addEventListener("abort", () => leading.delete(tab))
    }
    return new Leader({ name: "n", locks, on: { lead } })
  })
  return { made, leading: () => [...leading] }
}

test("one leads; when it stops, the next does", async () => {
  const { made, leading } = tabs(new FakeLocks())
  for (const each of made) each.start()
  await settle()
  assert.deepEqual(leading(), [0])
  made[0].stop()
  assert.deepEqual(leading(), [])
  await settle()
  assert.deepEqual(leading(), [1])
})

test("whoever stops waiting leaves the queue, and may come again", async () => {
  const { made, leading } = tabs(new FakeLocks())
  for (const each of made) each.start()
  await settle()
  made[1].stop()
  made[0].stop()
  await settle()
  assert.deepEqual(leading(), [2])
  made[1].start()
  made[1].start()
  made[2].stop()
  await settle()
  assert.deepEqual(leading(), [1])
})

test("stopped in the moment of the grant, it does not lead, and keeps no lock", async () => {
  const { made, leading } = tabs(new FakeLocks(), 2)
  made[0].start()
  made[0].stop()
  made[1].start()
  await settle()
  assert.deepEqual(leading(), [1])
})

test("without locks, or where they are forbidden, each leads itself", async () => {
  const forbidden = { request: () => Promise.reject(new DOMException("opaque origin", "SecurityError")) }
  for (const locks of [null, forbidden]) {
    const { made, leading } = tabs(locks)
    for (const each of made) each.start()
    await settle()
    assert.deepEqual(leading(), [0, 1, 2])
    made[1].stop()
    assert.deepEqual(leading(), [0, 2])
  }
})

test("a lock that is stolen is asked for again", async () => {
  let steal
  const lead = []
  const locks = {
    request: (name, options, callback) =>
      new Promise((_, reject) => {
        steal = () => reject(new DOMException("stolen", "AbortError"))
        callback({})
      }),
  }
  new Leader({ name: "n", locks, on: { lead: signal => lead.push(signal) } }).start()
  steal()
  await settle()
  assert.deepEqual(lead.map(signal => signal.aborted), [true, false])
})
