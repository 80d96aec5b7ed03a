// @ts-check
/** Asks again and again, or once and until there is an answer; never twice at the same time. */

import { retryDelay } from "./protocol.js"

const VISIBLE_MS = 15_000
const HIDDEN_MS = 60_000
/** So much more or less: pages that were opened together shall not ask together for ever. */
const SPREAD = 0.2

export class Poller {
  #on = false
  #asking = false
  #again = false
  #failures = 0
  /** Answers to questions from before `cancel()` are not for us. */
  #round = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  /**
   * @param {object} options
   * @param {() => Promise<void>} options.ask
   * @param {() => boolean} options.visible
   * @param {() => number} [options.random]
   */
  constructor({ ask, visible, random = Math.random }) {
    this.ask = ask
    this.visible = visible
    this.random = random
  }

  /** Ask now and then. */
  start() {
    if (this.#on) return
    this.#on = true
    this.pollNow()
  }

  /** No more than is needed: a question without an answer stays one. */
  stop() {
    this.#on = false
    if (this.#failures === 0) clearTimeout(this.#timer)
  }

  /** Forget all questions. */
  cancel() {
    this.stop()
    clearTimeout(this.#timer)
    this.#failures = 0
    this.#round += 1
    this.#asking = this.#again = false
  }

  /** Ask at once; while an answer is on its way, once more after it, since it may be too old. */
  async pollNow() {
    clearTimeout(this.#timer)
    this.#again = true
    if (this.#asking) return
    const round = this.#round
    this.#asking = true
    while (this.#again && round === this.#round) {
      this.#again = false
      const answered = await this.ask().then(
        () => true,
        () => false,
      )
      if (round !== this.#round) return
      this.#failures = answered ? 0 : this.#failures + 1
      if (!answered) break
    }
    this.#asking = false
    this.#later()
  }

  #later() {
    clearTimeout(this.#timer)
    const { random } = this
    const interval = (this.visible() ? VISIBLE_MS : HIDDEN_MS) * (1 + (random() * 2 - 1) * SPREAD)
    const failed = this.#failures > 0
    const pause = failed ? 1_000 + retryDelay(this.#failures, { random }) : 0
    const wait = this.#on ? Math.max(pause, interval) : pause
    if (this.#on || failed) this.#timer = setTimeout(() => this.pollNow(), wait)
  }
}
