// @ts-check
/** One of all tabs leads: whoever holds the Web Lock. The browser hands it on the moment that a tab is gone. */

export class Leader {
  /** @type {?AbortController} */
  #term = null

  /**
   * @param {object} options
   * @param {string} options.name
   * @param {?Pick<LockManager, "request">} [options.locks] without them every tab leads itself
   * @param {{lead: (signal: AbortSignal) => void}} options.on `signal` ends the lead
   */
  constructor({ name, locks = globalThis.navigator?.locks, on }) {
    this.name = name
    this.locks = locks
    this.on = on
  }

  start() {
    if (this.#term) return
    const term = (this.#term = new AbortController())
    if (this.locks) this.#wait(this.locks, term)
    else this.on.lead(term.signal)
  }

  /** Leave the queue, or let the next one lead. */
  stop() {
    this.#term?.abort()
    this.#term = null
  }

  /** @param {Pick<LockManager, "request">} locks @param {AbortController} term */
  async #wait(locks, term) {
    const { signal } = term
    let led = false
    try {
      await locks.request(this.name, { signal }, () => {
        // Granted and given up at the same moment.
        if (signal.aborted) return undefined
        led = true
        return new Promise(release => {
          signal.addEventListener("abort", () => release(undefined))
          this.on.lead(signal)
        })
      })
    } catch {
      if (signal.aborted) return
      // A document may be forbidden to have locks; then it leads itself, as without. A stolen lock is asked for again.
      if (!led) return this.on.lead(signal)
      this.stop()
      this.start()
    }
  }
}
