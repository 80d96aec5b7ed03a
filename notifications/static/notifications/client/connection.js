// @ts-check
/** One socket that comes back by itself. Knows how to stay connected, and nothing of what is said. */

import { isFinal, isSignedOut, parseFrame, retryDelay } from "./protocol.js"

/**
 * @typedef {import("./protocol.js").Frame} Frame
 * @typedef {"idle" | "connecting" | "live" | "reconnecting" | "signed-out"} State
 *
 * @typedef {object} Events
 * @property {(frame: Frame) => void} frame
 * @property {(data: Record<string, any>) => void} up
 * @property {(end: {code: number, reason: string, final: boolean}) => void} down
 * @property {(error: {code: string, message: string}) => void} error
 */

/** A server that accepts and then says nothing. */
const GREETING_MS = 15_000

/** The server pings; so many intervals without a word, and the network has lost us without telling. */
const SILENT_INTERVALS = 2.5

/** How long an answer may take where one is due. */
const SOON_MS = 5_000

const NO_CLOSE_FRAME = 1006

export class Connection {
  /** @type {State} */
  state = "idle"
  /** @type {?WebSocket} */
  #socket = null
  /** Tries in a row that led to no greeting. */
  failures = 0
  #attempt = 0
  #retryAfterMs = 0
  #silenceMs = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer

  /**
   * @param {object} options
   * @param {() => string} options.url asked anew for each try, since the cursor moves
   * @param {() => string[]} options.protocols
   * @param {Events} options.on
   * @param {() => number} [options.random]
   */
  constructor({ url, protocols, on, random = Math.random }) {
    this.url = url
    this.protocols = protocols
    this.on = on
    this.random = random
  }

  connect() {
    if (this.#socket) return
    clearTimeout(this.#retryTimer)
    if (this.state !== "reconnecting") this.state = "connecting"
    this.#open()
  }

  /** Final: only `connect()` begins again. */
  disconnect() {
    const socket = this.#letGo()
    this.state = "idle"
    this.#attempt = this.failures = 0
    socket?.close(1000)
    if (socket) this.on.down({ code: 1000, reason: "", final: true })
  }

  /** The network is back, or the page: do not wait out the pause. */
  retryNow() {
    if (this.state === "reconnecting") this.connect()
  }

  /** Back from sleep: a network that has lost us meanwhile would say so only at the next missing ping. */
  expectWordSoon() {
    if (this.state === "live") this.#expectWord(SOON_MS)
  }

  /**
   * @param {Record<string, unknown>} command
   * @returns {boolean} false where nothing was sent, because the connection is not up
   */
  send(command) {
    if (this.state !== "live" || this.#socket?.readyState !== 1) return false
    this.#socket.send(JSON.stringify(command))
    return true
  }

  #open() {
    let socket
    try {
      socket = new WebSocket(this.url(), this.protocols())
    } catch (error) {
      // A wrong address or a forbidden port: trying again would change nothing.
      this.state = "idle"
      this.on.error({ code: "cannot_connect", message: String(error) })
      return
    }
    this.#socket = socket
    this.#silenceMs = GREETING_MS
    this.#expectWord()
    socket.onmessage = event => this.#heard(event.data)
    socket.onclose = event => this.#lost(event.code, event.reason)
    // onerror carries nothing, and onclose follows.
  }

  /** @param {unknown} text */
  #heard(text) {
    this.#expectWord()
    const frame = parseFrame(text)
    if (!frame) return
    if (frame.type === "ping") this.#socket?.send('{"type":"pong"}')
    else if (frame.type === "server_closing") this.#retryAfterMs = Number(frame.data?.retry_after_ms) || 0
    else if (frame.type === "connection_established") this.#up(frame)
    else this.on.frame(frame)
  }

  /** Up at the greeting, not at open: a refusal is accepted first, and would reset the pauses. @param {Frame} frame */
  #up(frame) {
    const data = frame.data ?? {}
    this.state = "live"
    this.#attempt = this.#retryAfterMs = this.failures = 0
    if (data.ping_interval > 0) {
      this.#silenceMs = data.ping_interval * 1000 * SILENT_INTERVALS
      this.#expectWord()
    }
    this.on.frame(frame)
    this.on.up(data)
  }

  #expectWord(ms = this.#silenceMs) {
    clearTimeout(this.#silenceTimer)
    this.#silenceTimer = setTimeout(() => {
      const socket = this.#letGo()
      socket?.close()
      this.#lost(NO_CLOSE_FRAME, "silence")
    }, ms)
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#letGo()
    if (this.state !== "live") this.failures += 1
    const final = isFinal(code)
    if (isSignedOut(code)) this.state = "signed-out"
    else this.state = final ? "idle" : "reconnecting"
    if (final) this.#attempt = 0
    else this.#retryLater(code)
    this.on.down({ code, reason, final })
  }

  /** @param {number} code */
  #retryLater(code) {
    const delay = retryDelay(this.#attempt, { code, retryAfterMs: this.#retryAfterMs, random: this.random })
    this.#attempt += 1
    this.#retryAfterMs = 0
    this.#retryTimer = setTimeout(() => this.#open(), delay)
  }

  /** Hear no more of the present socket. */
  #letGo() {
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#silenceTimer)
    const socket = this.#socket
    this.#socket = null
    if (socket) socket.onmessage = socket.onclose = null
    return socket
  }
}
