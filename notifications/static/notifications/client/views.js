// @ts-check
/**
 * The three lists that people see.
 *
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {import("./stream.js").Change} Change
 * @typedef {"all" | "unread" | "read"} ViewName
 * @typedef {"idle" | "loading" | "ready" | "error"} Status
 *
 * @typedef {object} View
 * @property {Status} status `loading` may have rows: of the pages before
 * @property {Notification[]} rows newest first
 * @property {boolean} more whether older ones can be loaded
 * @property {number} fresh how many wait for `showFresh()`
 * @property {?Error} error why the last load failed
 *
 * @typedef {{view: ViewName, before: ?number, log: Change[]}} Token a page on its way; `before` is where it begins
 * @typedef {{status: Status, floor: number, error: ?Error, lacks: boolean}} Extent
 */

import { isUnread } from "./overlays.js"

/** @type {Record<ViewName, (row: Notification) => boolean>} */
export const BELONGS = {
  all: row => !row.archived_at,
  unread: row => isUnread(row),
  read: row => !row.archived_at && !!row.read_at,
}
export const NAMES = /** @type {ViewName[]} */ (Object.keys(BELONGS))

/** @returns {Extent} */
export function unloaded() {
  return { status: "idle", floor: Infinity, error: null, lacks: false }
}
