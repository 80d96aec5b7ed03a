// @ts-check
/** The REST addresses that the interface uses. */

/**
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {"mark_read" | "mark_unread" | "archive" | "unarchive" | "delete" | "mark_all_read" | "mark_seen"} Action
 * @typedef {{epoch: string, rev: number, seen_seq: number, unread_count: number}} Standing
 * @typedef {Standing & {notifications: Notification[], next_before: ?number}} Page
 * @typedef {Standing & {notifications: Notification[], deleted_ids: number[], more: boolean, resync_required?: string}}
 *   Changes
 * @typedef {Standing & {action: Action, changed: number, notification_ids: number[]}} Done
 * @typedef {{action: Action, ids?: ?number[], upToSeq?: ?number}} Command
 */

/** An answer that hangs is no answer: whoever waits for it would wait for ever. */
const ANSWER_MS = 20_000

/** Besides 5xx: the server asks for patience. */
const TRY_AGAIN = new Set([408, 425, 429])

export class ApiError extends Error {
  /** @param {number} status 0 where there was no answer @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
    this.code = codeOf(status)
    this.retryable = status === 0 || status >= 500 || TRY_AGAIN.has(status)
  }
}

export class Api {
  /**
   * @param {object} options
   * @param {string} options.apiUrl of the list
   * @param {?string} [options.user] asked for by name: after somebody else has logged in, it is refused, not theirs
   * @param {string} [options.csrf]
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({ apiUrl, user = null, csrf = "", fetch = globalThis.fetch }) {
    this.apiUrl = apiUrl
    this.user = user
    this.csrf = csrf
    this.fetch = fetch.bind(globalThis)
  }

  /** @param {{status?: string, before?: ?number, perPage?: number}} [page] @returns {Promise<Page>} */
  list({ status = "all", before = null, perPage = 20 } = {}) {
    return this.#ask("", { status, before: before ?? "", per_page: perPage })
  }

  /** @param {{since: number, epoch: string}} cursor @returns {Promise<Changes>} */
  changes({ since, epoch }) {
    return this.#ask("/changes", { since, epoch })
  }

  /**
   * `keepalive` lets the request outlive the page.
   *
   * @param {Command} command
   * @param {{keepalive?: boolean}} [options]
   * @returns {Promise<Done>}
   */
  act({ action, ids, upToSeq }, { keepalive = false } = {}) {
    const body = JSON.stringify({ action, notification_ids: ids ?? undefined, up_to_seq: upToSeq ?? undefined })
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf }
    return this.#ask("/actions", {}, { method: "POST", body, headers, keepalive })
  }

  /** @param {string} path @param {Record<string, any>} query @param {RequestInit} [init] @returns {Promise<any>} */
  async #ask(path, query, init = {}) {
    const url = new URL(this.apiUrl.replace(/\/$/, "") + path, globalThis.location?.href)
    if (this.user !== null) query.user_id = this.user
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value))
    const headers = { Accept: "application/json", ...init.headers }
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), ANSWER_MS)
    try {
      const response = await this.fetch(url.href, {
        ...init,
        headers,
        cache: "no-store",
        credentials: "same-origin",
        signal: patience.signal,
      })
      const answer = await response.json().catch(() => null)
      // A page in place of the data: a proxy, or a login form that the request was sent on to.
      if (response.ok && answer === null) throw new ApiError(502, "The answer is not JSON.")
      if (!response.ok) throw new ApiError(response.status, sentence(answer) || `HTTP ${response.status}`)
      return answer
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0, String(error))
    } finally {
      clearTimeout(timer)
    }
  }
}

/** @param {number} status @returns {"offline" | "forbidden" | "refused" | "server"} */
function codeOf(status) {
  if (status === 0) return "offline"
  if (status === 401 || status === 403) return "forbidden"
  return status < 500 ? "refused" : "server"
}

/** `{"detail": "…"}` or `{"field": ["…"]}`. @param {?Record<string, any>} answer @returns {string} */
function sentence(answer) {
  return Object.values(answer ?? {})
    .flat()
    .filter(each => typeof each === "string")
    .join(" ")
}
