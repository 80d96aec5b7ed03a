// @ts-check
/**
 * Which toasts are shown. Three at most; of the others it knows how many, since nobody reads a hundred. What is
 * critical is shown before the rest, stays until it is closed, and waits for its turn. No page, no clock.
 *
 * @template {{critical: boolean, leftMs: number}} Toast
 */
export class ToastQueue {
  static MOST_SHOWN = 3

  /** @type {Toast[]} */
  shown = []
  /** @type {Toast[]} */
  #waiting = []
  #passedOver = 0

  /** How many there are besides those shown. */
  get others() {
    return this.#waiting.length + this.#passedOver
  }

  /** @param {Toast} toast */
  add(toast) {
    const room = this.shown.length < ToastQueue.MOST_SHOWN
    if (!room && !toast.critical) return void (this.#passedOver += 1)
    if (!room && !this.#makeRoom()) return void this.#waiting.push(toast)
    this.shown.push(toast)
  }

  /** @param {Toast} toast */
  remove(toast) {
    this.#waiting = this.#waiting.filter(each => each !== toast)
    this.shown = this.shown.filter(each => each !== toast)
    const next = this.shown.length < ToastQueue.MOST_SHOWN ? this.#waiting.shift() : undefined
    if (next) this.shown.push(next)
    if (this.shown.length === 0) this.#passedOver = 0
  }

  /** Time has passed for those shown. @param {number} ms */
  pass(ms) {
    for (const toast of this.shown) {
      toast.leftMs -= ms
      if (toast.leftMs <= 0) this.remove(toast)
    }
  }

  clear() {
    this.shown = []
    this.#waiting = []
    this.#passedOver = 0
  }

  /** The oldest that may go. */
  #makeRoom() {
    const oldest = this.shown.find(each => !each.critical)
    if (!oldest) return false
    this.shown = this.shown.filter(each => each !== oldest)
    this.#passedOver += 1
    return true
  }
}
