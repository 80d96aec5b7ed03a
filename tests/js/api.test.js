import assert from "node:assert/strict"
import { afterEach, mock, test } from "node:test"

import { Api } from "../../notifications/static/notifications/client/api.js"

const asked = []
/** @param {() => any} answer */
const api = (answer, more = {}) =>
  new Api({
    apiUrl: "http://shop.example/api/notifications",
    user: "7",
    csrf: "token",
    fetch: async (url, init) => {
      asked.push([url, init])
      return answer(init)
    },
    ...more,
  })

afterEach(() => {
  asked.length = 0
  mock.timers.reset()
})

const failure = async promise => {
  const { status, code, message, retryable } = await promise.then(assert.fail, error => error)
  return { status, code, message, retryable }
}

test("pages, changes and actions are asked for in the person's name", async () => {
  const ours = api(() => Response.json({ rev: 3 }))
  assert.deepEqual(await ours.list({ status: "unread", before: 40 }), { rev: 3 })
  await ours.list()
  await ours.changes({ since: 3, epoch: "e 1" })
  await ours.act({ action: "mark_read", ids: [1, 2] }, { keepalive: true })
  await ours.act({ action: "mark_seen", upToSeq: 9 })
  assert.deepEqual(asked.map(([url]) => url.replace("http://shop.example/api/notifications", "")), [
    "?status=unread&before=40&per_page=20&user_id=7",
    "?status=all&before=&per_page=20&user_id=7",
    "/changes?since=3&epoch=e+1&user_id=7",
    "/actions?user_id=7",
    "/actions?user_id=7",
  ])
  const [, { method, body, headers, keepalive, cache }] = asked[3]
  assert.deepEqual([method, body, keepalive, cache], ["POST", '{"action":"mark_read","notification_ids":[1,2]}', true, "no-store"])
  assert.equal(headers["X-CSRFToken"], "token")
  assert.equal(asked[4][1].body, '{"action":"mark_seen","up_to_seq":9}')
})

for (const [status, code, retryable] of [
  [400, "refused", false],
  [401, "forbidden", false],
  [403, "forbidden", false],
  [429, "refused", true],
  [503, "server", true],
])
  test(`${status}: ${code}, ${retryable ? "again" : "never again"}`, async () => {
    const ours = api(() => Response.json({ action: ["No such action."], detail: "No." }, { status }))
    assert.deepEqual(await failure(ours.list()), { status, code, message: "No such action. No.", retryable })
  })

test("no network is worth another try, and so is a page in place of the data", async () => {
  const offline = api(() => Promise.reject(new TypeError("Failed to fetch")))
  assert.deepEqual(await failure(offline.list()), {
    status: 0,
    code: "offline",
    message: "TypeError: Failed to fetch",
    retryable: true,
  })
  const page = api(() => new Response("<html>"))
  assert.equal((await failure(page.list())).retryable, true)
})

test("an answer that hangs is given up", async () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  const hanging = api(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))))
  const failed = failure(hanging.list())
  mock.timers.tick(20_000)
  assert.equal((await failed).code, "offline")
})
