// @ts-check
/**
 * What is to pop up, until a tab that somebody looks at has claimed it.
 *
 * @typedef {import("./announced.js").Notification} Notification
 */

import { HELD_MS } from "./announced.js"

/** A tab that stays hidden for weeks: what is older pops up no more, and is in the list. */
const MOST_HELD = 100
/** Where the desktop shows what a hidden tab claims: a tab that somebody looks at goes first. */
const AFTER_VISIBLE_MS = 1_000
/** When what another tab was claiming is saved for all to see, or that tab has closed. */
const ASK_AGAIN_MS = HELD_MS + 500

export class News {
  /** @type {Notification[]} */
  #held = []
  /** @type {Set<Notification>} of them, those that another tab is claiming */
  #denied = new Set()
  #claiming = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later

  /**
   * @param {object} options
   * @param {import("./announced.js").Announced} options.announced
   * @param {import("./store.js").Store} options.store
   * @param {() => boolean} options.visible
   * @param {() => boolean} [options.hiddenToo] whether a hidden tab has a way to show it
   * @param {(news: Notification[]) => void} options.show
   */
  constructor({ announced, store, visible, hiddenToo = () => false, show }) {
    this.announced = announced
    this.store = store
    this.visible = visible
    this.hiddenToo = hiddenToo
    this.show = show
  }

  /** The lowest place of what waits; Infinity where nothing does. */
  get oldest() {
    return Math.min(...this.#held.map(({ seq }) => seq ?? Infinity))
  }

  /** @param {Notification} notification */
  add(notification) {
    this.#held.push(notification)
    if (this.#held.length > MOST_HELD) this.#held.shift()
  }

  /** Nobody is to see it any more. */
  clear() {
    clearTimeout(this.#later)
    this.#held = []
  }

  /** Only where somebody looks; elsewhere it waits, for another tab or for this one. */
  claim() {
    clearTimeout(this.#later)
    if (this.#claiming || this.#held.every(each => this.#denied.has(each))) return
    if (this.visible()) this.#claim()
    else if (this.hiddenToo()) this.#later = setTimeout(() => this.#claim(), AFTER_VISIBLE_MS)
  }

  async #claim() {
    this.#claiming = true
    const wanted = this.#held.filter(each => !this.#denied.has(each))
    // Until the claim is saved they count as waiting: a page that goes now leaves them to the next.
    const { claimed, denied } = await this.announced.claim(wanted.filter(each => this.#isNews(each)))
    this.#held = this.#held.filter(each => denied.includes(each) || !wanted.includes(each))
    if (denied.length > 0) this.#askAgain(denied)
    this.#claiming = false
    if (claimed.length > 0) this.show(claimed)
    this.claim()
  }

  /** @param {Notification[]} denied */
  #askAgain(denied) {
    for (const each of denied) this.#denied.add(each)
    setTimeout(() => {
      for (const each of denied) this.#denied.delete(each)
      this.claim()
    }, ASK_AGAIN_MS)
  }

  /** What was read, deleted or seen while it waited is none. @param {Notification} notification */
  #isNews({ id, seq }) {
    if (seq === undefined) return true // sent by hand
    const row = this.store.row(id)
    return !!row && !row.read_at && !row.archived_at && seq > this.store.seenSeq
  }
}
