// @ts-check
/**
 * What commands will have done, shown until the stream brings it.
 *
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {import("./api.js").Command} Command
 */

export class Overlays {
  /** @type {Map<number, Command & {epoch?: string, rev?: number}>} */
  #commands = new Map()
  #lastId = 0

  get size() {
    return this.#commands.size
  }

  get markAllRead() {
    return [...this.#commands.values()].some(({ action }) => action === "mark_all_read")
  }

  get seenSeq() {
    const seen = [...this.#commands.values()].filter(({ action }) => action === "mark_seen")
    return Math.max(0, ...seen.map(({ upToSeq }) => upToSeq ?? 0))
  }

  /** @param {Command} command @returns {number} */
  add(command) {
    this.#commands.set(++this.#lastId, command)
    return this.#lastId
  }

  /** @param {number} id @param {{epoch: string, rev: number}} standing where the inbox stood when it was done */
  confirm(id, { epoch, rev }) {
    const command = this.#commands.get(id)
    if (command) this.#commands.set(id, { ...command, epoch, rev })
  }

  /** @param {number} id */
  remove(id) {
    this.#commands.delete(id)
  }

  /** The rows have everything up to here. @param {string} epoch @param {number} rev */
  advance(epoch, rev) {
    for (const [id, command] of this.#commands) {
      if (command.epoch === epoch && (command.rev ?? Infinity) <= rev) this.#commands.delete(id)
    }
  }

  /** What was done before is in the rows of the new epoch, or lost with the old. @param {string} epoch */
  beginEpoch(epoch) {
    for (const [id, command] of this.#commands) if (command.epoch && command.epoch !== epoch) this.#commands.delete(id)
  }

  /** @param {Notification} row @returns {?Notification} null where it is gone */
  over(row) {
    /** @type {?Notification} */
    let shown = row
    for (const { action, ids, upToSeq } of this.#commands.values()) {
      const covered = ids ? ids.includes(row.id) : row.seq <= (upToSeq ?? Infinity)
      if (covered && shown) shown = act(shown, action)
    }
    return shown
  }
}

/** @param {?Notification} row */
export function isUnread(row) {
  return row !== null && !row.read_at && !row.archived_at
}

/** @param {Notification} row @param {string} action @returns {?Notification} */
function act(row, action) {
  const now = new Date().toISOString()
  if (action === "delete") return null
  if (action === "mark_unread") return row.read_at ? { ...row, read_at: null } : row
  if (action === "unarchive") return row.archived_at ? { ...row, archived_at: null } : row
  if (action === "archive") return { ...row, archived_at: row.archived_at ?? now, read_at: row.read_at ?? now }
  if (action.endsWith("read")) return row.read_at ? row : { ...row, read_at: now }
  return row
}
