import assert from "node:assert/strict"
import { test } from "node:test"

import { Stream } from "../../notifications/static/notifications/client/stream.js"
import { notification } from "./fakes.js"

const frame = (type, data) => ({ type, data })
const live = (seq, more) => frame("notification", { ...notification(seq), unread_count: seq, ...more })

/** A stream that stands at revision 10 of epoch e1. */
function connected() {
  const stream = new Stream({ since: 10, epoch: "e1" })
  stream.receive(frame("connection_established", { rev: 10, epoch: "e1", unread_count: 2 }))
  stream.receive(frame("sync_complete", { rev: 10, seen_seq: 0, unread_count: 2 }))
  return stream
}

const announced = effects => effects.filter(e => "announce" in e).map(e => e.announce.seq)
const changed = effects => effects.filter(e => "change" in e).map(e => e.change)
const counts = effects => effects.filter(e => "count" in e).map(e => e.count)

test("without a rendered page it stands where the greeting says", () => {
  const stream = new Stream()
  assert.equal(stream.cursor, null)
  assert.deepEqual(counts(stream.receive(frame("connection_established", { rev: 10, epoch: "e1", unread_count: 2 }))), [2])
  assert.deepEqual(stream.cursor, { since: 10, epoch: "e1" })
})

test("with one, the greeting moves nothing; sync_complete does", () => {
  const stream = new Stream({ since: 5, epoch: "e1" })
  stream.receive(frame("connection_established", { rev: 10, epoch: "e1", unread_count: 2 }))
  assert.deepEqual(stream.cursor, { since: 5, epoch: "e1" })
  const effects = stream.receive(live(9, { replay: true }))
  assert.deepEqual(announced(effects), [9])
  assert.deepEqual(stream.cursor, { since: 5, epoch: "e1" })
  stream.receive(frame("sync_complete", { rev: 10, seen_seq: 3, unread_count: 1 }))
  assert.deepEqual(stream.cursor, { since: 10, epoch: "e1" })
})

test("the next revision is applied and announced once", () => {
  const stream = connected()
  const effects = stream.receive(live(11))
  assert.deepEqual(changed(effects), [{ kind: "upsert", notification: notification(11) }])
  assert.deepEqual([announced(effects), counts(effects)], [[11], [11]])
  assert.deepEqual(stream.cursor, { since: 11, epoch: "e1" })
})

test("an old revision is dropped whole: its count is old, too", () => {
  const stream = connected()
  stream.receive(live(11))
  assert.deepEqual(stream.receive(live(11)), [])
  assert.deepEqual(stream.receive(live(4)), [])
  assert.deepEqual(stream.cursor, { since: 11, epoch: "e1" })
})

test("a gap asks once, drops what comes meanwhile, and goes on after the replay", () => {
  const stream = connected()
  assert.deepEqual(stream.receive(live(13)), [{ sync: { since: 10, epoch: "e1" } }])
  assert.deepEqual(stream.receive(live(14)), [])
  const seen = [11, 12, 13, 14].flatMap(seq => announced(stream.receive(live(seq, { replay: true }))))
  stream.receive(frame("sync_complete", { rev: 14, seen_seq: 0, unread_count: 6 }))
  assert.deepEqual(seen, [11, 12, 13, 14])
  assert.deepEqual(announced(stream.receive(live(15))), [15])
})

test("a gap can be found again after the answer to the first", () => {
  const stream = connected()
  stream.receive(live(13))
  stream.receive(frame("sync_complete", { rev: 13, seen_seq: 0, unread_count: 6 }))
  assert.deepEqual(stream.receive(live(15)), [{ sync: { since: 13, epoch: "e1" } }])
})

test("a lost connection forgets what it had asked for", () => {
  const stream = connected()
  stream.receive(live(13))
  stream.connectionLost()
  assert.deepEqual(stream.receive(live(13)), [{ sync: { since: 10, epoch: "e1" } }])
})

test("what is replayed twice is changed twice and announced once", () => {
  const stream = connected()
  const twice = [1, 2].map(() => stream.receive(live(11, { replay: true })))
  assert.deepEqual(twice.map(effects => changed(effects).length), [1, 1])
  assert.deepEqual(twice.map(announced), [[11], []])
})

test("no news: silent, read, archived, or there when the page was drawn", () => {
  const stream = connected()
  assert.deepEqual(announced(stream.receive(live(11, { silent: true }))), [])
  assert.deepEqual(announced(stream.receive(live(12, { read_at: "2026-01-31T12:00:00Z" }))), [])
  assert.deepEqual(announced(stream.receive(live(13, { archived_at: "2026-01-31T12:00:00Z" }))), [])
  assert.deepEqual(announced(stream.receive(live(9, { rev: 14, replay: true }))), [])
})

test("the other changes are told as what they are, and move the cursor", () => {
  const stream = connected()
  const told = [
    frame("notification_read_confirmation", { notification_id: 7, read: true, rev: 11, unread_count: 1 }),
    frame("notification_read_confirmation", { notification_ids: [7, 8], read: false, rev: 12, unread_count: 3 }),
    frame("notification_read_confirmation", { up_to_seq: 9, read: true, rev: 13, unread_count: 0 }),
    frame("notification_deleted", { notification_ids: [7], rev: 14, unread_count: 0 }),
    frame("notification_deleted", { up_to_seq: 9, rev: 15, unread_count: 0 }),
    frame("seen", { seen_seq: 9, rev: 16 }),
  ].flatMap(each => changed(stream.receive(each)))
  assert.deepEqual(told, [
    { kind: "read", read: true, ids: [7], upToSeq: null, rev: 11 },
    { kind: "read", read: false, ids: [7, 8], upToSeq: null, rev: 12 },
    { kind: "read", read: true, ids: null, upToSeq: 9, rev: 13 },
    { kind: "delete", ids: [7], upToSeq: null, rev: 14 },
    { kind: "delete", ids: null, upToSeq: 9, rev: 15 },
    { kind: "seen", seenSeq: 9 },
  ])
  assert.deepEqual(stream.cursor, { since: 16, epoch: "e1" })
})

test("an edited notification is changed and not announced", () => {
  const effects = connected().receive(frame("notification_updated", { ...notification(4, { rev: 11 }), unread_count: 2 }))
  assert.deepEqual(changed(effects), [{ kind: "upsert", notification: notification(4, { rev: 11 }) }])
  assert.deepEqual(announced(effects), [])
})

test("a frame sent by hand is announced, listed nowhere and moves nothing", () => {
  const stream = connected()
  const effects = stream.receive(frame("notification", { subject: "By hand" }))
  assert.deepEqual(effects, [{ announce: { subject: "By hand" } }])
  assert.deepEqual(stream.cursor, { since: 10, epoch: "e1" })
})

test("an unread_count frame moves no cursor", () => {
  const stream = connected()
  assert.deepEqual(stream.receive(frame("unread_count", { unread_count: 40 })), [{ count: 40 }])
  assert.deepEqual(stream.cursor, { since: 10, epoch: "e1" })
})

test("a frame of a type from the future with the next revision does not stop the stream", () => {
  const stream = connected()
  assert.deepEqual(stream.receive(frame("notification_snoozed", { rev: 11, unread_count: 1 })), [{ count: 1 }])
  assert.deepEqual(announced(stream.receive(live(12))), [12])
})

test("resync loads the list, and what came meanwhile is applied after it unless it is in it", () => {
  const stream = connected()
  assert.deepEqual(stream.receive(frame("resync_required", { reason: "too_far", epoch: "e1", rev: 900 })), [{ load: true }])
  for (const held of [
    frame("unread_count", { unread_count: 99 }),
    live(901),
    frame("sync_complete", { rev: 901, seen_seq: 0, unread_count: 99 }),
    live(902),
    live(903),
  ])
    assert.deepEqual(stream.receive(held), [])

  const effects = stream.loaded({ epoch: "e1", rev: 902, unread_count: 7, notifications: [notification(902), notification(5)] })

  assert.deepEqual(changed(effects).map(change => change.kind), ["reset", "upsert"])
  assert.deepEqual([counts(effects), announced(effects)], [[7, 903], [902, 903]])
  assert.deepEqual(stream.cursor, { since: 903, epoch: "e1" })
})

test("a gap behind the list is asked for", () => {
  const stream = connected()
  stream.receive(frame("resync_required", { reason: "too_far", epoch: "e1", rev: 900 }))
  stream.receive(live(905))
  const effects = stream.loaded({ epoch: "e1", rev: 900, unread_count: 7, notifications: [] })
  assert.deepEqual(effects.at(-1), { sync: { since: 900, epoch: "e1" } })
})

test("a replay that was under way while the list came takes nothing back", () => {
  const stream = connected()
  stream.receive(frame("resync_required", { reason: "too_far", epoch: "e1", rev: 900 }))
  stream.loaded({ epoch: "e1", rev: 903, unread_count: 7, notifications: [notification(5, { rev: 903, read_at: "now" })] })
  const late = [
    live(5, { rev: 902, unread_count: 9, replay: true }),
    frame("sync_complete", { rev: 902, seen_seq: 0, unread_count: 9 }),
  ].flatMap(each => stream.receive(each))
  assert.deepEqual(late, [])
  assert.deepEqual(stream.cursor, { since: 903, epoch: "e1" })
  assert.deepEqual(announced(stream.receive(live(904))), [904])
})

test("an answer without a revision changes no row: it may be older than what is shown", () => {
  const stream = connected()
  assert.deepEqual(stream.receive(frame("notification_read_confirmation", { notification_id: 7, read: true })), [])
})

test("a new epoch starts anew and announces nothing that is in the list", () => {
  const stream = connected()
  stream.receive(live(11))
  stream.receive(frame("resync_required", { reason: "epoch", epoch: "e2", rev: 3 }))
  const effects = stream.loaded({ epoch: "e2", rev: 3, unread_count: 1, notifications: [notification(3)] })
  assert.deepEqual(announced(effects), [])
  assert.deepEqual(stream.cursor, { since: 3, epoch: "e2" })
  assert.deepEqual(announced(stream.receive(live(4))), [4])
})

/** An answer of REST's `changes`, up to `rev`. */
const changes = (rev, notifications = [], more = {}) => ({
  epoch: "e1",
  rev,
  seen_seq: 4,
  unread_count: rev,
  notifications,
  deleted_ids: [],
  more: false,
  ...more,
})

test("changes by REST are applied like a replay, deletions too, and move the cursor", () => {
  const stream = connected()
  const effects = stream.changed(changes(13, [notification(11), notification(3, { rev: 13 })], { deleted_ids: [7] }), 10)
  assert.deepEqual(changed(effects), [
    { kind: "upsert", notification: notification(11) },
    { kind: "upsert", notification: notification(3, { rev: 13 }) },
    { kind: "delete", ids: [7], upToSeq: null, rev: 13 },
    { kind: "seen", seenSeq: 4 },
  ])
  assert.deepEqual([announced(effects), counts(effects)], [[11], [13]])
  assert.deepEqual(stream.cursor, { since: 13, epoch: "e1" })
  assert.deepEqual(announced(stream.receive(live(14))), [14])
})

test("changes that were overtaken by live frames take nothing back and bring nothing twice", () => {
  const stream = connected()
  for (const seq of [11, 12, 13]) stream.receive(live(seq))
  assert.deepEqual(stream.changed(changes(12, [notification(11), notification(12)]), 10), [])
  const effects = stream.changed(changes(14, [11, 12, 13, 14].map(seq => notification(seq))), 10)
  assert.deepEqual([announced(effects), stream.cursor.since], [[14], 14])
})

test("more changes than one answer holds are asked for at once", () => {
  const effects = connected().changed(changes(11, [notification(11)], { more: true }), 10)
  assert.deepEqual(effects.at(-1), { sync: { since: 11, epoch: "e1" } })
})

test("changes that begin after where this page stands are asked for anew, if they are news at all", () => {
  const stream = connected()
  assert.deepEqual(stream.changed(changes(15, [notification(15)]), 12), [{ sync: { since: 10, epoch: "e1" } }])
  assert.deepEqual(stream.cursor, { since: 10, epoch: "e1" })
  assert.deepEqual(stream.changed(changes(10), 12), [])
})

test("what came live while the changes were asked for, and is not among them, is asked for again", () => {
  const stream = connected()
  stream.receive(live(13))
  stream.receive(live(14))
  assert.deepEqual(stream.changed(changes(13, [11, 12, 13].map(seq => notification(seq))), 10).at(-1), {
    sync: { since: 13, epoch: "e1" },
  })
  const effects = stream.changed(changes(14, [notification(14)]), 13)
  assert.deepEqual([announced(effects), stream.cursor.since], [[14], 14])
})

test("changes can say that the list is needed, and what comes on the way waits for it", () => {
  for (const answer of [{ resync_required: "horizon", epoch: "e1", rev: 90 }, changes(3, [], { epoch: "e2" })]) {
    const stream = connected()
    assert.deepEqual(stream.changed(answer, 10), [{ load: true }])
    assert.deepEqual(stream.changed(changes(91, [notification(91)]), 10), [])
    assert.deepEqual(stream.receive(live(91)), [])
    const list = { epoch: "e1", rev: 90, seen_seq: 5, unread_count: 7, notifications: [notification(90)], next_before: 90 }
    const effects = stream.loaded(list)
    assert.deepEqual(changed(effects)[0], {
      kind: "reset",
      notifications: [notification(90)],
      epoch: "e1",
      seenSeq: 5,
      nextBefore: 90,
    })
    assert.deepEqual([announced(effects), stream.cursor.since], [[90, 91], 91])
  }
})

test("a list that was overtaken while nothing was held back is dropped", () => {
  const stream = connected()
  stream.receive(frame("resync_required", { reason: "too_far", epoch: "e1", rev: 900 }))
  stream.connectionLost()
  stream.receive(live(11))
  assert.deepEqual(stream.loaded({ epoch: "e1", rev: 10, unread_count: 2, notifications: [] }), [])
  assert.deepEqual(stream.cursor, { since: 11, epoch: "e1" })
})

test("what is news can begin elsewhere than the stream", () => {
  const stream = new Stream({ since: 10, epoch: "e1", newAfterSeq: 12 })
  assert.deepEqual([11, 12, 13].flatMap(seq => announced(stream.receive(live(seq)))), [13])
})

test("a greeting that is older than the page brings no count", () => {
  const stream = new Stream({ since: 10, epoch: "e1" })
  assert.deepEqual(stream.receive(frame("connection_established", { rev: 9, epoch: "e1", unread_count: 1 })), [])
})
