// @ts-check
/** Connection and stream together: what a page uses. */

import { Connection } from "./connection.js"
import { retryDelay, socketUrl, subprotocols } from "./protocol.js"
import { Stream } from "./stream.js"
import { tell } from "./tell.js"

/**
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {import("./stream.js").Change} Change
 * @typedef {import("./stream.js").Effect} Effect
 *
 * @typedef {object} Options
 * @property {string} [wsUrl] absolute, or relative to the page
 * @property {?(string|number)} [userId] needed with a service key; otherwise it must be one's own
 * @property {?string} [apiKey] not needed where the page has a session
 * @property {string} [apiUrl] the REST list; by default `/api/notifications` of the socket's host
 * @property {?number} [since] revision of the page as it was rendered, with its `epoch`
 * @property {?string} [epoch]
 * @property {(data: Record<string, any>) => void} [onConnect]
 * @property {(end: {code: number, reason: string, final: boolean}) => void} [onDisconnect]
 * @property {(notification: Notification) => void} [onNotification] once per new notification that is not silent
 * @property {(error: {code: string, message: string}) => void} [onError]
 * @property {(unread: number) => void} [onCount]
 * @property {(change: Change) => void} [onChange] what a list of notifications has to do
 */

const WS_PATH = "/ws/notifications"
const API_PATH = "/api/notifications"

export class WebSocketNotificationManager {
  /** @type {Stream} */
  #stream
  /** @type {Connection} */
  #connection
  /** @type {Options} */
  #options
  /** Counts the lists asked for: the answer to an earlier question may be too old. */
  #loads = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #loadTimer

  /** @param {Options} [options] */
  constructor(options = {}) {
    this.#options = options
    this.#stream = new Stream(options)
    this.#connection = new Connection({
      url: () => socketUrl(this.#wsUrl, { userId: options.userId, cursor: this.#stream.cursor }),
      protocols: () => subprotocols(options.apiKey),
      on: {
        frame: frame => this.#received(frame),
        up: data => tell(options.onConnect, data),
        down: end => this.#down(end),
        error: error => tell(options.onError, error),
      },
    })
  }

  /** @returns {import("./connection.js").State} */
  get state() {
    return this.#connection.state
  }

  connect() {
    this.#connection.connect()
  }

  disconnect() {
    this.#forgetLoad()
    this.#stream.connectionLost()
    this.#connection.disconnect()
  }

  /** Back from sleep, from the back/forward cache or onto the network: ask for what was missed. */
  resume() {
    this.#connection.retryNow()
    const cursor = this.#stream.cursor
    if (cursor) this.#connection.send({ type: "sync", ...cursor })
  }

  // Each returns whether it was sent. The answer comes as a change, here and on every other page of this person.

  /** @param {number} id */
  markRead(id) {
    return this.#connection.send({ type: "mark_read", notification_id: id })
  }

  /** @param {number} id */
  markUnread(id) {
    return this.#connection.send({ type: "mark_unread", notification_id: id })
  }

  /** @param {number} [upToSeq] the newest that the person could see */
  markAllRead(upToSeq) {
    return this.#connection.send({ type: "mark_all_read", up_to_seq: upToSeq })
  }

  get #wsUrl() {
    return new URL(this.#options.wsUrl ?? WS_PATH, globalThis.location?.href).href
  }

  /** @param {import("./protocol.js").Frame} frame */
  #received(frame) {
    if (frame.type === "error") {
      const { code = "error", message = "" } = frame.data ?? {}
      tell(this.#options.onError, { code, message })
      return
    }
    this.#carryOut(this.#stream.receive(frame))
  }

  /** @param {{code: number, reason: string, final: boolean}} end */
  #down(end) {
    this.#forgetLoad()
    this.#stream.connectionLost()
    tell(this.#options.onDisconnect, end)
  }

  /** @param {Effect[]} effects */
  #carryOut(effects) {
    for (const effect of effects) {
      if ("change" in effect) tell(this.#options.onChange, effect.change)
      else if ("count" in effect) tell(this.#options.onCount, effect.count)
      else if ("announce" in effect) tell(this.#options.onNotification, effect.announce)
      else if ("sync" in effect) this.#connection.send({ type: "sync", ...effect.sync })
      else this.#load(0)
    }
  }

  /** @param {number} attempt */
  async #load(attempt) {
    this.#forgetLoad()
    const load = this.#loads
    try {
      const list = await this.#fetchList()
      if (load === this.#loads) this.#carryOut(this.#stream.loaded(list))
    } catch (error) {
      if (load !== this.#loads) return
      tell(this.#options.onError, { code: "list_unavailable", message: String(error) })
      this.#loadTimer = setTimeout(() => this.#load(attempt + 1), retryDelay(attempt))
    }
  }

  #forgetLoad() {
    this.#loads += 1
    clearTimeout(this.#loadTimer)
  }

  /** @returns {Promise<import("./stream.js").List>} */
  async #fetchList() {
    const { apiUrl, apiKey, userId } = this.#options
    const here = this.#wsUrl.replace(/^ws/, "http")
    const url = new URL(apiUrl ?? API_PATH, here)
    // A service key says for whom; a session and a user's own key know.
    if (apiKey && userId !== undefined && userId !== null) url.searchParams.set("user_id", String(userId))
    const headers = { Accept: "application/json", ...(apiKey ? { "X-API-Key": apiKey } : {}) }
    const response = await fetch(url, { headers, cache: "no-store" })
    if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`)
    return response.json()
  }
}
