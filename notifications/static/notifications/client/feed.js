// @ts-check
/**
 * What this document hears: from its own socket if it leads, else from the tab that does, and from REST where something
 * is missing or there is no socket.
 *
 * Between tabs go the messages of relay.js, `{kind: "state", state}`, `{kind: "hello"}` and its answer
 * `{kind: "here", state, epoch, rev}`. Each tab applies them by the rules of its own stream, so it does not matter who
 * said them, or whether another tab has.
 *
 * @typedef {import("./connection.js").State | "polling"} State
 * @typedef {import("./stream.js").Effect} Effect
 * @typedef {import("./protocol.js").Frame} Frame
 */

import { ApiError } from "./api.js"
import { Connection } from "./connection.js"
import { Leader } from "./leader.js"
import { Poller } from "./poller.js"
import { isSignedOut, socketUrl, subprotocols, TOO_MANY_CONNECTIONS } from "./protocol.js"
import { Relay } from "./relay.js"
import { Tabs } from "./tabs.js"
import { tell } from "./tell.js"

const FAILURES_UNTIL_POLLING = 3
/** A socket that is refused twice within it is so for good, whatever REST says. */
const DOUBT_MS = 60_000

export class Feed {
  /** @type {State} */
  state = "idle"
  #running = false
  /** @type {?Leader} */
  #leader = null
  /** @type {?Connection} of the leader's */
  #connection = null
  #leads = false
  #doubtfulUntil = 0
  /** @type {?Tabs} */
  #tabs = null
  #epoch = ""
  #relay
  /**
   * @param {object} options
   * @param {string} options.user
   * @param {string} options.wsUrl absolute, or relative to the page; empty: no socket
   * @param {import("./api.js").Api} options.api
   * @param {import("./stream.js").Stream} options.stream that knows where it stands
   * @param {{effects: (effects: Effect[]) => void, state: (state: State) => void}} options.on
   * @param {() => boolean} [options.visible]
   * @param {?Pick<LockManager, "request">} [options.locks]
   * @param {?typeof BroadcastChannel} [options.Channel] without it, or locks, each tab is for itself
   * @param {() => number} [options.random]
   */
  constructor(options) {
    const { user, wsUrl, api, stream, on, visible = () => true, random = Math.random } = options
    const { locks = globalThis.navigator?.locks, Channel = globalThis.BroadcastChannel } = options
    this.user = user
    this.wsUrl = wsUrl
    this.api = api
    this.stream = stream
    this.on = on
    this.visible = visible
    this.random = random
    this.locks = locks
    this.Channel = Channel
    this.#relay = new Relay(stream)
    this.poller = new Poller({ ask: () => this.#askChanges(), visible, random })
    this.loader = new Poller({ ask: () => this.#askList(), visible, random })
  }

  start() {
    if (this.#running || this.state === "signed-out") return
    this.#running = true
    this.#join()
  }

  stop() {
    if (!this.#running) return
    this.#leave()
    this.#running = false
    this.#become("idle")
  }

  /** Somebody has logged in again. */
  restart() {
    if (this.state === "signed-out") this.state = "idle"
    this.start()
  }

  /** The network is back, or somebody looks: ask at once. */
  wake() {
    if (!this.#running) return
    if (!this.#leads) return this.#tabs?.greet()
    this.#connection?.retryNow()
    const { cursor } = this.stream
    if (this.#connection?.send({ type: "sync", ...cursor })) this.#connection.expectWordSoon()
    else this.poller.pollNow()
  }

  // -- one of many tabs --

  #join() {
    this.#epoch = this.stream.cursor?.epoch ?? ""
    const name = `notifications:${this.user}:${this.#epoch}`
    this.#tabs = new Tabs({
      name,
      Channel: this.locks ? this.Channel : null,
      on: {
        heard: message => this.#heard(message),
        unanswered: () => this.poller.pollNow(),
        watch: () => this.#lookAfterLeader(),
      },
    })
    this.#become("connecting")
    const locks = this.#tabs.alone ? null : this.locks
    this.#leader = new Leader({ name, locks, on: { lead: signal => this.#lead(signal) } })
    this.#leader.start()
    if (!this.#leads) this.#tabs.greet()
  }

  #leave() {
    this.#leader?.stop()
    this.poller.cancel()
    this.loader.cancel()
    this.stream.connectionLost()
    this.#tabs?.close()
  }

  /** @param {Record<string, any>} message */
  #say(message) {
    this.#tabs?.say(message)
  }

  #sayHere() {
    const { since, epoch } = this.stream.cursor ?? {}
    this.#say({ kind: "here", state: this.state, epoch, rev: since })
  }

  #lookAfterLeader() {
    if (this.#leads || !this.visible()) return
    // Behind other windows a leader's clocks run slowly: it polls, or tries again, too rarely for who looks here.
    if (this.state !== "live") this.poller.pollNow()
    else this.#tabs?.greet()
  }

  /** @param {any} message */
  #heard({ kind, ...said }) {
    if (kind === "frame") this.#carryOut(this.stream.receive(said.frame))
    else if (kind === "changes") this.#carryOut(this.stream.changed(said.answer, said.since))
    else if (kind === "hello" && this.#leads) this.#sayHere()
    else if (kind === "here") this.#isHere(said)
    // That tab's session may have ended, and this one's not: REST knows.
    else if (kind === "state" && said.state === "signed-out") this.poller.pollNow()
    else if (kind === "state" && !this.#leads) this.#become(said.state)
  }

  /** @param {Record<string, any>} leader */
  #isHere({ state, epoch, rev }) {
    this.#tabs?.answered()
    if (!this.#leads) this.#become(state)
    const { cursor } = this.stream
    if (epoch !== cursor?.epoch || rev > (cursor?.since ?? 0)) this.poller.pollNow()
  }

  // -- the one that leads --

  /** @param {AbortSignal} signal */
  #lead(signal) {
    this.#leads = true
    this.#tabs?.answered()
    // What was asked for before goes on by REST; the socket begins where the stream stands.
    this.stream.connectionLost()
    const { location } = globalThis
    const connection = new Connection({
      url: () => socketUrl(this.wsUrl, { userId: this.user, cursor: this.stream.cursor, base: location?.href }),
      protocols: () => subprotocols(),
      on: {
        frame: frame => this.#received(frame),
        up: () => this.#up(),
        down: ({ code, final }) => this.#down(code, final),
        error: () => this.#poll(),
      },
      random: this.random,
    })
    this.#connection = connection
    signal.addEventListener("abort", () => {
      this.#leads = false
      this.#connection = null
      this.#relay.forget()
      connection.disconnect()
    })
    this.#become("connecting")
    this.#sayHere()
    if (this.wsUrl) connection.connect()
    else this.#poll()
  }

  #up() {
    this.poller.stop()
    this.#become("live")
  }

  /** @param {number} code @param {boolean} final */
  #down(code, final) {
    if (!this.#connection) return // that was us
    this.#relay.forget()
    this.stream.connectionLost()
    if (isSignedOut(code)) this.#doubt()
    else if (final || code === TOO_MANY_CONNECTIONS || this.#connection.failures >= FAILURES_UNTIL_POLLING) this.#poll()
    else if (this.state !== "polling") this.#become("reconnecting")
  }

  /** A new password or log-in ends the session that the socket came with; the cookie is good for another. */
  #doubt() {
    const again = Date.now() > this.#doubtfulUntil
    this.#doubtfulUntil = Date.now() + DOUBT_MS
    this.#poll() // and where REST refuses us, too, we are signed out
    if (again) this.#connection?.connect()
  }

  #poll() {
    this.#become("polling")
    this.poller.start()
  }

  #signOut() {
    if (!this.#running) return
    this.#become("signed-out")
    this.#leave()
    this.#running = false
  }

  /** @param {Frame} frame */
  #received(frame) {
    const message = this.#relay.message(frame) // before it is applied here
    if (message) this.#say({ state: this.state, ...message })
    this.#carryOut(this.stream.receive(frame))
  }

  // -- REST --

  async #askChanges() {
    const { cursor } = this.stream
    if (!cursor) return
    const answer = await this.#unlessSignedOut(this.api.changes(cursor))
    if (!answer || !this.#running) return
    if (answer.resync_required) this.#say({ kind: "here", state: this.state, epoch: answer.epoch, rev: answer.rev })
    else if (answer.rev > cursor.since) this.#say({ kind: "changes", since: cursor.since, answer })
    this.#carryOut(this.stream.changed(answer, cursor.since))
  }

  async #askList() {
    const list = await this.#unlessSignedOut(this.api.list())
    if (list && this.#running) this.#carryOut(this.stream.loaded(list))
  }

  /** @template T @param {Promise<T>} answer @returns {Promise<T | null>} */
  async #unlessSignedOut(answer) {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "forbidden")) throw error
      this.#signOut()
      return null
    }
  }

  /** @param {Effect[]} effects */
  #carryOut(effects) {
    for (const effect of effects) {
      if ("load" in effect) this.loader.pollNow()
      else if ("sync" in effect && !this.#connection?.send({ type: "sync", ...effect.sync })) this.poller.pollNow()
    }
    tell(this.on.effects, effects)
    const epoch = this.stream.cursor?.epoch
    if (!this.#running || epoch === this.#epoch) return
    // Names hold the epoch: those who still are in the old one are not to be told of the new.
    this.#leave()
    this.#join()
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return
    this.state = state
    if (this.#leads || state === "signed-out") this.#say({ kind: "state", state })
    tell(this.on.state, state)
  }
}
