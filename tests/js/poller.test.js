import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { Poller } from "../../notifications/static/notifications/client/poller.js"
import { settle } from "./site.js"

let asked
let visible
let ask

beforeEach(() => {
  asked = 0
  visible = true
  ask = async () => {}
  mock.timers.enable({ apis: ["setTimeout"] })
})

afterEach(() => mock.timers.reset())

const poller = (random = 0.5) =>
  new Poller({
    ask: () => {
      asked += 1
      return ask()
    },
    visible: () => visible,
    random: () => random,
  })

/** The seconds at which it asks, for so long. */
async function seconds(length) {
  const moments = []
  for (let second = 1; second <= length; second++) {
    const before = asked
    mock.timers.tick(1_000)
    await settle(5)
    if (asked > before) moments.push(second)
  }
  return moments
}

for (const [isVisible, random, expected] of [
  [true, 0.5, [15, 30, 45, 60, 75]],
  [true, 0, [12, 24, 36, 48, 60, 72]],
  [true, 1, [18, 36, 54, 72]],
  [false, 0.5, [60]],
])
  test(`it asks every ${expected[0]} s where ${isVisible ? "somebody" : "nobody"} looks`, async () => {
    visible = isVisible
    const polling = poller(random)
    polling.start()
    await settle(5)
    assert.equal(asked, 1)
    assert.deepEqual(await seconds(75), expected)
    polling.stop()
    assert.deepEqual(await seconds(75), [])
  })

test("asked while an answer is on its way, it asks once more, after it", async () => {
  const answers = []
  ask = () => new Promise(resolve => answers.push(resolve))
  const polling = poller()
  for (let n = 0; n < 5; n++) polling.pollNow()
  assert.equal(asked, 1)
  answers[0]()
  await settle(5)
  assert.equal(asked, 2)
  answers[1]()
  assert.deepEqual(await seconds(100), [])
})

test("a question without an answer is asked again, more and more rarely, whether it polls or not", async () => {
  ask = () => Promise.reject(new Error("no network"))
  const polling = poller(0.9)
  polling.pollNow()
  await settle(5)
  const moments = await seconds(100)
  assert.ok(moments.length >= 4 && moments.length <= 8, String(moments))
  ask = async () => {}
  assert.equal((await seconds(60)).length, 1)
})

test("cancelled, it has no questions, and hears no answers", async () => {
  const answers = []
  ask = () => new Promise((resolve, reject) => answers.push(reject))
  const polling = poller()
  polling.start()
  polling.cancel()
  polling.pollNow()
  answers[0](new Error("no network"))
  await settle(5)
  assert.deepEqual([asked, await seconds(100)], [2, []])
})
