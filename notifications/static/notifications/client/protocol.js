// @ts-check
/**
 * What protocol 2 says, as pure functions. The server's side of it is `notifications/live/protocol.py`.
 *
 * @typedef {{type: string, data?: Record<string, any>, timestamp?: string}} Frame
 *
 * @typedef {object} Notification
 * @property {number} id
 * @property {string} type
 * @property {string} subject
 * @property {string} message
 * @property {string} priority
 * @property {string} created_at ISO 8601, UTC
 * @property {string} url
 * @property {Record<string, any>} data
 * @property {?{text: string, url: string}} actor
 * @property {?{text: string, url: string, key?: string}} target `key` is the same for all about the same thing
 * @property {?string} read_at
 * @property {?string} archived_at
 * @property {number} seq its fixed place
 * @property {number} rev its last change
 * @property {number} [count] how many sends it stands for, where it is more than one
 * @property {boolean} [silent] listed and counted, but nothing pops up
 */

export const SUBPROTOCOL = "notifications.v2"

/** The server said "never again" with these; every other way to end is worth another try. */
const FINAL = new Set([1000, 1008, 1009, 4400, 4403, 4410])

/** Of those: the person has to log in again. */
const SIGNED_OUT = new Set([1008, 4403, 4410])

export const TOO_MANY_CONNECTIONS = 4409

const FIRST_SPREAD_MS = 2_000
const LONGEST_WAIT_MS = 30_000

/** @param {number} code */
export const isFinal = code => FINAL.has(code)

/** @param {number} code */
export const isSignedOut = code => SIGNED_OUT.has(code)

/**
 * How long to wait before the next try. Full jitter: after a restart all clients come back, and not at once.
 *
 * @param {number} attempt 0 for the first try after a loss
 * @param {{code?: number, retryAfterMs?: number, random?: () => number}} [why]
 * @returns {number} milliseconds
 */
export function retryDelay(attempt, { code, retryAfterMs = 0, random = Math.random } = {}) {
  if (code === TOO_MANY_CONNECTIONS) return 60_000
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_SPREAD_MS * 2 ** Math.min(attempt, 10))
  return retryAfterMs + random() * ceiling
}

/**
 * @param {string} address absolute, or relative to `base`
 * @param {{userId?: ?(string|number), cursor?: ?Cursor, base?: string}} options
 * @returns {string}
 *
 * @typedef {{since: number, epoch: string}} Cursor
 */
export function socketUrl(address, { userId, cursor, base }) {
  const url = new URL(address, base)
  url.protocol = url.protocol.replace("http", "ws")
  url.hash = ""
  if (userId !== undefined && userId !== null) url.searchParams.set("user_id", String(userId))
  if (cursor) {
    url.searchParams.set("since", String(cursor.since))
    url.searchParams.set("epoch", cursor.epoch)
  }
  return url.href
}

/**
 * The key travels as a subprotocol: addresses end up in logs, and browsers cannot set headers on a socket.
 *
 * @param {?string} [apiKey]
 * @returns {string[]}
 */
export function subprotocols(apiKey) {
  return apiKey ? [SUBPROTOCOL, `key.${base64url(apiKey)}`] : [SUBPROTOCOL]
}

/** @param {string} text */
export function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/**
 * @param {unknown} text
 * @returns {?Frame} null for what is no frame
 */
export function parseFrame(text) {
  try {
    const frame = JSON.parse(String(text))
    return frame && typeof frame.type === "string" ? frame : null
  } catch {
    return null
  }
}
