import assert from "node:assert/strict"
import { test } from "node:test"

import {
  base64url,
  isFinal,
  isSignedOut,
  parseFrame,
  retryDelay,
  socketUrl,
  subprotocols,
} from "../../notifications/static/notifications/client/protocol.js"

test("final and retried close codes are those of the table", () => {
  for (const code of [1000, 1008, 1009, 4400, 4403, 4410]) assert.equal(isFinal(code), true, `${code}`)
  for (const code of [1001, 1005, 1006, 1011, 1012, 4408, 4409, 4429, 4503]) assert.equal(isFinal(code), false, `${code}`)
  assert.deepEqual([1000, 1008, 4400, 4403, 4410].filter(isSignedOut), [1008, 4403, 4410])
})

test("retries have full jitter, first over 2 s, at most over 30 s", () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 1000].map(attempt => retryDelay(attempt, { random: () => 1 }))
  assert.deepEqual(ceilings, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(retryDelay(5, { random: () => 0 }), 0)
})

test("after 4409 it waits 60 s, and as long as a closing server asks", () => {
  assert.equal(retryDelay(0, { code: 4409, random: () => 0 }), 60_000)
  assert.equal(retryDelay(0, { code: 1012, retryAfterMs: 2_000, random: () => 0.5 }), 3_000)
})

test("the address takes user and cursor, and becomes one of a socket", () => {
  const cursor = { since: 7, epoch: "e 1" }
  assert.equal(
    socketUrl("/ws/notifications", { userId: 123, cursor, base: "https://shop.example/a#b" }),
    "wss://shop.example/ws/notifications?user_id=123&since=7&epoch=e+1",
  )
  assert.equal(socketUrl("ws://h:8080/ws", { userId: null, cursor: null }), "ws://h:8080/ws")
  assert.equal(socketUrl("http://h/ws?protocol=2", {}), "ws://h/ws?protocol=2")
})

test("a key travels as a subprotocol that any key can be", () => {
  assert.deepEqual(subprotocols(), ["notifications.v2"])
  assert.deepEqual(subprotocols("dev"), ["notifications.v2", "key.ZGV2"])
  for (const key of ["ñ>?~", "a", "ab", "abc", "ntf_x-y_z"]) {
    assert.match(base64url(key), /^[A-Za-z0-9_-]+$/)
    assert.equal(Buffer.from(base64url(key), "base64url").toString(), key)
  }
})

test("what is no frame is null", () => {
  for (const text of ["", "{", "null", "1", "[]", "{}", '{"type": 1}']) assert.equal(parseFrame(text), null, text)
  assert.equal(parseFrame('{"type": "ping"}').type, "ping")
})
