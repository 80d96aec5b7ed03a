// @ts-check
/**
 * What a leader passes on of its socket: `{kind: "frame", frame}` as it came live, and `{kind: "changes", since,
 * answer}` for a replay, whole: a tab that opened in its midst would take the rest for all.
 *
 * @typedef {{since: number, notifications: any[], deleted_ids: number[]}} Replay
 */

export class Relay {
  /** @type {?Replay} */
  #replay = null

  /** @param {import("./stream.js").Stream} stream of the leader, which has not received the frame yet */
  constructor(stream) {
    this.stream = stream
  }

  /** The connection is lost, and with it the rest of a replay. */
  forget() {
    this.#replay = null
  }

  /** @param {import("./protocol.js").Frame} frame @returns {?Record<string, any>} null where it is nobody else's */
  message(frame) {
    const { type, data = {} } = frame
    if (type === "resync_required") return { kind: "here", epoch: data.epoch, rev: data.rev }
    if (type === "sync_complete") return this.#complete(data)
    if (data.replay) return this.#collect(type, data)
    if (type === "connection_established") return null
    if (type === "notification" && data.seq === undefined) data.key = byHand(frame)
    else if (!Number.isSafeInteger(data.rev)) return null // a count, which is the others' already
    return { kind: "frame", frame }
  }

  /** @returns {Replay} */
  #begin() {
    // While a list is on its way, the replay begins somewhere after the cursor: nobody can go on from it.
    const since = this.stream.loading ? Infinity : (this.stream.cursor?.since ?? Infinity)
    return { since, notifications: [], deleted_ids: [] }
  }

  /** @param {string} type @param {any} data */
  #collect(type, data) {
    this.#replay ??= this.#begin()
    if (type === "notification") this.#replay.notifications.push(data)
    else this.#replay.deleted_ids.push(...(data.notification_ids ?? []))
    return null
  }

  /** @param {any} standing */
  #complete({ rev, seen_seq, unread_count }) {
    const { since, ...rows } = this.#replay ?? this.#begin()
    this.#replay = null
    const answer = { ...rows, epoch: this.stream.cursor?.epoch, rev, seen_seq, unread_count, more: false }
    return { kind: "changes", since, answer }
  }
}

/** It has no number, and shall pop up in one tab only. @param {import("./protocol.js").Frame} frame */
function byHand({ timestamp }) {
  return `${timestamp} ${Math.random()}`
}
