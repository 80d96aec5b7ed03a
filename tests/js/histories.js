/**
 * Runs the store through histories that were recorded from real servers: `node histories.js FILE`.
 *
 * Each line of the file is what one page heard, as a list of events: `page` (the list that it was drawn from), `frame`,
 * `lost` (the connection) and `list` (loaded when a resync asked for it), each with what had to be `shown` after it. The
 * store has to show the same, at every moment; it may announce nothing twice, nothing that is not new, and has to
 * announce what comes live; it may ask for nothing but the lists, since the server leaves no gap.
 */

import assert from "node:assert/strict"
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"

import { Store } from "../../notifications/static/notifications/client/store.js"
import { Stream } from "../../notifications/static/notifications/client/stream.js"

/** What a page would show: its rows by id, `[seq, read, archived, subject]` each, and the count. */
class Page {
  rows = new Map()
  count = null
  /** @type {Set<number>} */
  announced = new Set()
  asked = 0
  /** What the interface shows. */
  store = new Store()

  /** @param {object} [list] what the server rendered, in the order of the list */
  constructor(list) {
    this.stream = list ? new Stream({ since: list.rev, epoch: list.epoch }) : new Stream()
    if (!list) return
    this.count = list.unread_count
    this.store = new Store({ count: list.unread_count, seenSeq: list.seen_seq, epoch: list.epoch, rev: list.rev })
    const { epoch, notifications, seen_seq: seenSeq = 0 } = list
    this.#apply({ kind: "reset", epoch, notifications, seenSeq, nextBefore: null })
  }

  carryOut(effects) {
    for (const effect of effects) {
      if ("change" in effect) this.#apply(effect.change)
      else if ("count" in effect) this.store.setCount((this.count = effect.count))
      else if ("announce" in effect) this.#announce(effect.announce)
      else if ("sync" in effect) assert.fail(`a gap after ${effect.sync.since}`)
      else this.asked += 1
    }
  }

  #announce({ id, silent, read_at, archived_at }) {
    assert.ok(!this.announced.has(id), `${id} is announced twice`)
    assert.ok(!silent && !read_at && !archived_at, `${id} is no news`)
    this.announced.add(id)
  }

  #apply(change) {
    this.store.apply(change)
    if (change.kind === "reset") {
      this.rows.clear()
      for (const notification of change.notifications) this.#upsert(notification)
    } else if (change.kind === "upsert") this.#upsert(change.notification)
    else if (change.kind === "read") for (const id of this.#chosen(change)) this.rows.get(id)[1] = change.read
    else if (change.kind === "delete") for (const id of this.#chosen(change)) this.rows.delete(id)
  }

  #upsert({ id, seq, read_at, archived_at, subject }) {
    this.rows.set(id, [seq, read_at !== null, archived_at !== null, subject])
  }

  #chosen({ ids, upToSeq }) {
    const known = [...this.rows.keys()]
    return known.filter(id => (upToSeq === null ? ids.includes(id) : this.rows.get(id)[0] <= upToSeq))
  }

  check(shown) {
    const rows = Object.fromEntries([...this.rows].sort(([a], [b]) => a - b))
    assert.deepEqual(this.stream.cursor, shown.since === null ? null : { since: shown.since, epoch: shown.epoch })
    assert.deepEqual([this.count, rows], [shown.count, shown.rows])
    if (shown.since === null) return // a page without a list
    const listed = this.store.view("all").rows.map(row => [row.seq, row.read_at !== null, false, row.subject])
    const expected = Object.values(shown.rows).filter(([, , archived]) => !archived)
    if (this.store.view("all").status === "ready") assert.deepEqual(listed, expected.sort(([a], [b]) => b - a))
    assert.equal(this.store.count, shown.count)
  }
}

/** @param {Page} page @param {object} event @returns {Page} the page that there is then */
function live(page, event) {
  if (event.page) return new Page(event.page)
  if (event.lost) page.stream.connectionLost()
  else if (event.list) page.carryOut(page.stream.loaded(event.list))
  else hear(page, event.frame)
  return page
}

/** @param {Page} page @param {{type: string, data?: Record<string, any>}} frame */
function hear(page, frame) {
  const { since, asked } = { ...page.stream.cursor, asked: page.asked }
  page.carryOut(page.stream.receive(frame))
  assert.equal(page.asked - asked, frame.type === "resync_required" ? 1 : 0, "lists asked for")
  const { replay, rev, silent, read_at, archived_at, id } = frame.data ?? {}
  const isNews = frame.type === "notification" && !replay && !silent && !read_at && !archived_at
  // Where the cursor has not moved, the frame waits for a list, or was known.
  if (isNews && page.stream.cursor.since === since + 1) assert.ok(page.announced.has(id), `${id} (${rev}) is news`)
}

let histories = 0
let frames = 0
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  let page = new Page()
  const events = JSON.parse(line)
  for (const [at, event] of events.entries()) {
    try {
      page = live(page, event)
      if (event.shown && !event.held) page.check(event.shown)
    } catch (error) {
      console.error(`History ${histories + 1}, event ${at + 1} of these: ${error.message}`)
      for (const each of events.slice(Math.max(0, at - 20), at + 1)) console.error(JSON.stringify(each).slice(0, 2_000))
      process.exit(1)
    }
  }
  histories += 1
  frames += events.filter(event => event.frame).length
}
console.log(JSON.stringify({ histories, frames }))
