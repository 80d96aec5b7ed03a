// @ts-check
/**
 * What the person wants done, in order: shown at once, sent one by one, kept while there is no answer.
 *
 * Kept also in `sessionStorage` until the server has answered, so a reload loses none. An answer that is lost with its
 * page means that a command is sent again: to mark, archive or delete twice is the same as once.
 *
 * @typedef {import("./api.js").Command} Command
 * @typedef {{key: string, command: Command, overlay: number, failures: number}} Queued
 * @typedef {{code: string, message: string}} Problem
 */

import { ApiError } from "./api.js"
import { retryDelay } from "./protocol.js"

const UNDO_MS = 5_000
const MOST_IDS = 500
/** A server that fails so often on one command will not learn; the others wait behind it. */
const MOST_FAILURES = 6

export class Commands {
  /** @type {Queued[]} */
  #queue = []
  #sending = false
  #attempt = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer
  /** @type {Set<() => void>} removals that can still be undone */
  #removals = new Set()

  /**
   * @param {object} options
   * @param {import("./api.js").Api} options.api
   * @param {import("./store.js").Store} options.store
   * @param {?Pick<Storage, "getItem" | "setItem" | "removeItem">} [options.storage]
   * @param {string} [options.name] its key there, which names the user
   * @param {{problem: (problem: Problem) => void, changed: () => void}} options.on `changed`: what is shown has
   * @param {() => number} [options.random]
   */
  constructor({ api, store, storage = null, name = "notifications:commands", on, random = Math.random }) {
    this.api = api
    this.store = store
    this.storage = storage
    this.name = name
    this.on = on
    this.random = random
    this.#adopt(this.#stored() ?? [])
  }

  get waiting() {
    return this.#queue.length
  }

  /** @param {Command} command */
  run({ action, ids = null, upToSeq = null }) {
    for (let at = 0; at === 0 || at < (ids?.length ?? 0); at += MOST_IDS) {
      const command = { action, ids: ids?.slice(at, at + MOST_IDS) ?? null, upToSeq }
      this.#enqueue(command, this.store.overlay(command))
    }
    this.on.changed()
    this.#send()
  }

  /** Gone at once, deleted when it is too late to undo: after 5 s, or with the page. @param {number[]} ids */
  remove(ids) {
    const command = { action: /** @type {const} */ ("delete"), ids: [...ids] }
    const overlay = this.store.overlay(command)
    const commit = () => {
      forget()
      // The rest of a long list, in commands of its own, shows what this one shows already.
      this.#enqueue({ ...command, ids: command.ids.slice(0, MOST_IDS) }, overlay)
      if (command.ids.length > MOST_IDS) this.run({ action: "delete", ids: command.ids.slice(MOST_IDS) })
      this.#send()
    }
    const timer = setTimeout(commit, UNDO_MS)
    const forget = () => {
      clearTimeout(timer)
      return this.#removals.delete(commit)
    }
    this.#removals.add(commit)
    this.on.changed()
    return {
      /** @returns {boolean} false where it was too late */
      undo: () => {
        if (!forget()) return false
        this.store.rollback(overlay)
        this.on.changed()
        return true
      },
    }
  }

  /** The network is back, or the stream: do not wait out the pause. */
  retry() {
    clearTimeout(this.#retryTimer)
    this.#send()
  }

  /**
   * The person looks away: what can still be undone is done. When the page goes, too, all is sent that has not been,
   * without waiting for each other's answers, and is kept as well: whichever of the two outlives it.
   *
   * @param {{leaving?: boolean}} [options]
   */
  flush({ leaving = false } = {}) {
    const sent = this.#sending ? 1 : 0
    if (leaving) this.#sending = true
    for (const commit of this.#removals) commit()
    if (!leaving) return
    this.#sending = sent > 0
    for (const { command } of this.#queue.slice(sent)) this.api.act(command, { keepalive: true }).catch(() => {})
  }

  /** Back from the page cache: another page of this tab may have sent what was kept meanwhile. */
  resume() {
    const stored = this.#stored()
    if (stored) {
      const kept = new Set(stored.map(({ key }) => key))
      const done = this.#queue.filter(({ key }) => !kept.has(key))
      for (const { overlay } of done) this.store.rollback(overlay)
      this.#queue = this.#queue.filter(each => !done.includes(each))
      this.#adopt(stored)
      if (done.length > 0) this.on.changed()
    }
    this.retry()
  }

  stop() {
    clearTimeout(this.#retryTimer)
  }

  /** @param {Command} command @param {number} overlay */
  #enqueue(command, overlay) {
    const key = `${Date.now()}.${Math.random()}`
    this.#queue.push({ key, command, overlay, failures: 0 })
    this.#keep()
  }

  async #send() {
    const next = this.#queue[0]
    if (this.#sending || !next) return
    this.#sending = true
    clearTimeout(this.#retryTimer)
    try {
      const done = await this.api.act(next.command, { keepalive: true })
      this.#attempt = 0
      this.store.confirm(next.overlay, done)
      this.#finish(next)
    } catch (error) {
      this.#failed(next, error instanceof ApiError ? error : new ApiError(400, String(error)))
    }
    this.#sending = false
    if (this.#attempt === 0) this.#send()
  }

  /** @param {Queued} queued @param {ApiError} error */
  #failed(queued, error) {
    if (error.status > 0) queued.failures += 1
    if (error.retryable && queued.failures < MOST_FAILURES) {
      if (this.#attempt === 0) this.on.problem({ code: "offline", message: error.message })
      this.#retryTimer = setTimeout(() => this.#send(), retryDelay(this.#attempt, { random: this.random }))
      this.#attempt += 1
      return
    }
    this.#attempt = 0
    this.store.rollback(queued.overlay)
    this.#finish(queued)
    this.on.problem({ code: error.code, message: error.message })
  }

  /** @param {Queued} queued */
  #finish(queued) {
    this.#queue = this.#queue.filter(each => each !== queued)
    this.#keep()
    this.on.changed()
  }

  /** @param {{key: string, command: Command}[]} stored */
  #adopt(stored) {
    const known = new Set(this.#queue.map(({ key }) => key))
    for (const { key, command } of stored) {
      if (!known.has(key)) this.#queue.push({ key, command, overlay: this.store.overlay(command), failures: 0 })
    }
  }

  #keep() {
    const kept = this.#queue.map(({ key, command }) => ({ key, command }))
    try {
      if (kept.length > 0) this.storage?.setItem(this.name, JSON.stringify(kept))
      else this.storage?.removeItem(this.name)
    } catch {
      // Full, or forbidden: they are kept for as long as the page is.
      this.storage = null
    }
  }

  /** @returns {?{key: string, command: Command}[]} null where nothing can be kept */
  #stored() {
    try {
      return this.storage ? JSON.parse(this.storage.getItem(this.name) ?? "[]") : null
    } catch {
      return null
    }
  }
}
