// @ts-check
/**
 * The rules that make a stream of frames complete: nothing lost, doubled or out of order. No socket, no page.
 *
 * A frame that came live moves the cursor by exactly one revision. One that is older is known already; one that is
 * newer means that something is missing, so the server is asked. What it sends again ("replay") is applied by id,
 * and the cursor moves when it says that this was all.
 *
 * @typedef {import("./protocol.js").Frame} Frame
 * @typedef {import("./protocol.js").Notification} Notification
 *
 * @typedef {{kind: "upsert", notification: Notification}
 *   | {kind: "read", read: boolean, ids: ?number[], upToSeq: ?number, rev: number}
 *   | {kind: "delete", ids: ?number[], upToSeq: ?number, rev: number}
 *   | {kind: "seen", seenSeq: number}
 *   | {kind: "reset", notifications: Notification[], epoch: string, seenSeq: number, nextBefore: ?number}} Change
 *
 * @typedef {{change: Change} | {count: number} | {announce: Notification} | {sync: {since: number, epoch: string}}
 *   | {load: true}} Effect
 *
 * @typedef {{epoch: string, rev: number, seen_seq: number, unread_count: number, notifications: Notification[],
 *   next_before?: ?number}} List
 */

const MOST_IDS_REMEMBERED = 2_000

export class Stream {
  /** @type {?number} */
  #rev = null
  /** @type {string} */
  #epoch = ""
  /** Older ones were there when the page was drawn: no news. */
  #newAfterSeq = 0
  /** @type {Set<number>} */
  #announced = new Set()
  #syncing = false
  /** The newest revision that was dropped while an answer was awaited, which may be older than it. */
  #dropped = 0
  /** @type {?Frame[]} live frames that wait for the list, while it is being loaded */
  #held = null

  /** @param {{since?: ?number, epoch?: ?string, newAfterSeq?: ?number}} [rendered] where the page stood */
  constructor({ since, epoch, newAfterSeq } = {}) {
    if (!Number.isSafeInteger(since) || !epoch) return
    this.#start(/** @type {number} */ (since), epoch)
    if (newAfterSeq) this.#newAfterSeq = newAfterSeq
  }

  /** @returns {?{since: number, epoch: string}} null before the first connection */
  get cursor() {
    return this.#rev === null ? null : { since: this.#rev, epoch: this.#epoch }
  }

  /** Whether it waits for a list: then the cursor lags behind what the server has sent. */
  get loading() {
    return this.#held !== null
  }

  /** What was asked for on a lost connection will not be answered any more. */
  connectionLost() {
    this.#syncing = false
    this.#held = null
  }

  /**
   * @param {Frame} frame
   * @returns {Effect[]} what is to be done, in this order
   */
  receive(frame) {
    const data = frame.data ?? {}
    if (frame.type === "connection_established") return this.#established(data)
    if (frame.type === "resync_required") return this.#resync()
    if (this.#held) {
      // The list on its way may be older than this; applied before it, this would be wiped out by it.
      this.#held.push(frame)
      return []
    }
    if (frame.type === "sync_complete") return this.#synced(data)
    if (data.replay) return data.rev > (this.#rev ?? 0) ? this.#apply(frame, data) : []
    return Number.isSafeInteger(data.rev) ? this.#live(frame, data) : this.#apply(frame, data)
  }

  /**
   * What followed `since` has come whole: an answer of REST's `changes`, or a replay that somebody else asked for.
   *
   * @param {import("./api.js").Changes} answer
   * @param {number} since
   * @returns {Effect[]}
   */
  changed(answer, since) {
    const rev = this.#rev
    if (this.#held || rev === null) return []
    this.#syncing = false
    if (answer.resync_required || answer.epoch !== this.#epoch) return this.#resync()
    if (since > rev) return answer.rev > rev ? this.#sync() : []
    if (answer.rev < rev) return this.#missing()
    const { deleted_ids: ids } = answer
    const rows = answer.notifications.filter(row => row.rev > rev)
    this.#rev = answer.rev
    return [
      ...rows.map(upsert),
      ...(ids.length > 0 ? changes("notification_deleted", { notification_ids: ids, rev: answer.rev }) : []),
      { change: { kind: "seen", seenSeq: answer.seen_seq } },
      ...counted(answer),
      ...rows.flatMap(row => this.#news(row)),
      ...(answer.more ? this.#sync() : this.#missing()),
    ]
  }

  /**
   * The list that `load` asked for has come. Rows are read after its `rev`, so what follows that may be in it already
   * and is applied once more.
   *
   * @param {List} list
   * @returns {Effect[]}
   */
  loaded(list) {
    const held = this.#held ?? []
    this.#held = null
    const { epoch, rev, notifications } = list
    if (epoch !== this.#epoch) this.#start(rev, epoch)
    // Overtaken by what came while nothing was held back.
    else if (rev < (this.#rev ?? 0)) return held.flatMap(frame => this.receive(frame))
    this.#rev = rev
    const oldestFirst = [...notifications].reverse()
    const standing = { seenSeq: list.seen_seq ?? 0, nextBefore: list.next_before ?? null }
    return [
      { change: { kind: "reset", notifications, epoch, ...standing } },
      ...counted(list),
      ...oldestFirst.flatMap(notification => this.#news(notification)),
      ...held.filter(frame => isNewer(frame, rev)).flatMap(frame => this.receive(frame)),
    ]
  }

  /** @param {number} rev @param {string} epoch */
  #start(rev, epoch) {
    this.#rev = this.#newAfterSeq = rev
    this.#epoch = epoch
    this.#dropped = 0
    this.#announced.clear()
  }

  /** @returns {Effect[]} */
  #resync() {
    this.#syncing = false
    this.#held = []
    return [{ load: true }]
  }

  /** @returns {Effect[]} */
  #sync() {
    this.#syncing = true
    this.#dropped = 0
    return [{ sync: { since: this.#rev ?? 0, epoch: this.#epoch } }]
  }

  /** What the answer did not have yet. @returns {Effect[]} */
  #missing() {
    return this.#dropped > (this.#rev ?? 0) ? this.#sync() : []
  }

  /** @param {Record<string, any>} data @returns {Effect[]} */
  #established(data) {
    // With a cursor, missing rows and sync_complete follow; until then it does not move.
    if (this.#rev !== null) this.#syncing = true
    else if (Number.isSafeInteger(data.rev)) this.#start(data.rev, data.epoch)
    // The count of an earlier moment than the page stands at would stay, as nothing that follows brings a newer one.
    return data.epoch === this.#epoch && data.rev < (this.#rev ?? 0) ? [] : counted(data)
  }

  /** @param {Record<string, any>} data @returns {Effect[]} */
  #synced(data) {
    this.#syncing = false
    // A replay that was under way while a list came: the list is newer, and what is older was dropped.
    if (data.rev < (this.#rev ?? 0)) return this.#missing()
    this.#rev = data.rev
    return [{ change: { kind: "seen", seenSeq: data.seen_seq } }, ...counted(data), ...this.#missing()]
  }

  /** @param {Frame} frame @param {Record<string, any>} data @returns {Effect[]} */
  #live(frame, data) {
    const expected = (this.#rev ?? 0) + 1
    if (data.rev === expected) {
      this.#rev = data.rev
      return this.#apply(frame, data)
    }
    if (data.rev < expected) return []
    if (!this.#syncing) return this.#sync()
    this.#dropped = Math.max(this.#dropped, data.rev)
    return []
  }

  /** @param {Frame} frame @param {Record<string, any>} data @returns {Effect[]} */
  #apply(frame, data) {
    const news = frame.type === "notification" ? this.#news(/** @type {Notification} */ (data)) : []
    return [...changes(frame.type, data), ...counted(data), ...news]
  }

  /** @param {Notification} notification @returns {Effect[]} */
  #news(notification) {
    const { id, seq } = notification
    const old = this.#announced.has(id) || (Number.isSafeInteger(seq) && seq <= this.#newAfterSeq)
    if (old || notification.silent || notification.read_at || notification.archived_at) return []
    if (id !== undefined) this.#announced.add(id)
    if (this.#announced.size > MOST_IDS_REMEMBERED) {
      this.#announced.delete(/** @type {number} */ (this.#announced.values().next().value))
    }
    return [{ announce: notification }]
  }
}

/** Whether the list does not have it yet. A bare count is as old as it is. @param {Frame} frame @param {number} rev */
function isNewer(frame, rev) {
  return frame.type !== "unread_count" && !(Number(frame.data?.rev) <= rev)
}

/** @param {Record<string, any>} data @returns {Effect[]} */
function counted(data) {
  return Number.isSafeInteger(data.unread_count) ? [{ count: data.unread_count }] : []
}

/** @param {string} type @param {Record<string, any>} data @returns {Effect[]} */
function changes(type, data) {
  const ids = data.notification_ids ?? (data.notification_id === undefined ? null : [data.notification_id])
  const which = { ids, upToSeq: data.up_to_seq ?? null, rev: data.rev }
  switch (type) {
    case "notification":
      // Sent by hand, it has no revision: shown, but in no list.
      return Number.isSafeInteger(data.rev) ? [upsert(data)] : []
    case "notification_updated":
      return [upsert(data)]
    case "notification_read_confirmation":
      // Without a revision it answers a command that changed nothing, and may be older than what is shown.
      return Number.isSafeInteger(data.rev) ? [{ change: { kind: "read", read: data.read, ...which } }] : []
    case "notification_deleted":
      return [{ change: { kind: "delete", ...which } }]
    case "seen":
      return [{ change: { kind: "seen", seenSeq: data.seen_seq } }]
    default:
      return []
  }
}

/** @param {Record<string, any>} data @returns {Effect} */
function upsert(data) {
  const { unread_count: _count, replay: _replay, ...notification } = data
  return { change: { kind: "upsert", notification: /** @type {Notification} */ (notification) } }
}
